namespace Heed.Stories.World;

/// <summary>The places of the stories. Spots of one place are all different things.</summary>
internal static class Places
{
    public static readonly IReadOnlyList<Place> All =
    [
        new("forest", "in the forest", "through the forest", ["under the old oak", "behind the mossy log", "among the ferns", "beside the little stream", "next to the hollow tree"], ["the red mushrooms", "a woodpecker", "the ants on the path"]),
        new("harbour", "by the harbour", "along the harbour", ["behind the fishing nets", "under the wooden pier", "next to the lighthouse", "beside the big anchor", "inside the empty barrel"], ["the sailing ships", "a sleepy seagull", "the fishing boats"]),
        new("village", "in the village", "through the village", ["behind the bakery", "next to the old well", "under the stone bridge", "beside the church gate", "behind the blue fence"], ["the baker's window", "a sleeping cat on a wall", "the village clock"]),
        new("hill", "on the hill", "over the hill", ["behind the big rock", "under the lonely tree", "in the tall grass", "beside the stone wall", "next to the old windmill"], ["the sheep", "the clouds", "the tiny houses far below"]),
        new("library", "in the library", "through the library", ["behind the tall shelf", "under the reading table", "beside the big globe", "next to the round window", "behind the green curtain"], ["the picture books", "a painted ship", "the big globe"], Indoors: true),
        new("meadow", "in the meadow", "across the meadow", ["among the daisies", "under the willow", "behind the haystack", "beside the wooden gate", "in the tall clover"], ["the butterflies", "a ladybug on a leaf", "the wild flowers"]),
        new("beach", "on the beach", "along the beach", ["behind the sand dune", "beside the rock pool", "under the old rowing boat", "next to the sandcastle", "among the seaweed"], ["the waves", "a little crab", "the white shells"]),
        new("farm", "on the farm", "across the farm", ["behind the red barn", "under the hay wagon", "next to the duck pond", "beside the chicken house", "in the cornfield"], ["the piglets", "the tractor", "the fluffy chicks"]),
        new("garden", "in the garden", "through the garden", ["under the rose bush", "behind the watering can", "beside the bean poles", "next to the little shed", "among the cabbages"], ["the sunflowers", "a snail on a stone", "the bees"]),
        new("castle", "in the castle", "through the castle", ["behind the great throne", "under the long table", "beside the suit of armour", "next to the spiral stairs", "behind the red curtain"], ["the painted kings", "the great fireplace", "the coloured windows"], Indoors: true),
        new("river", "by the river", "along the river", ["under the wooden bridge", "behind the reeds", "beside the flat stones", "next to the old mill", "under the weeping willow"], ["the silver fish", "a dragonfly", "the little waves"]),
        new("lake", "by the lake", "around the lake", ["behind the boathouse", "under the birch tree", "beside the landing stage", "among the water lilies", "next to the big grey stone"], ["the swans", "the ripples on the water", "a jumping fish"]),
        new("mountain", "on the mountain", "over the mountain", ["behind the waterfall", "under the pine tree", "inside the little cave", "beside the steep path", "next to the wooden hut"], ["the eagles", "the snowy peaks", "a shiny crystal"]),
        new("island", "on the island", "across the island", ["under the palm tree", "behind the big shell", "inside the rocky cave", "beside the hammock", "next to the old shipwreck"], ["the parrots", "the coral", "the waves far out"]),
        new("market", "at the market", "through the market", ["behind the fruit stall", "under the cheese cart", "next to the fountain", "beside the flower seller", "among the empty boxes"], ["the cakes", "a juggler", "the bright ribbons"]),
        new("orchard", "in the orchard", "through the orchard", ["under the apple tree", "behind the tall ladder", "beside the beehives", "next to the cider barrel", "among the fallen leaves"], ["the ripe cherries", "the blossoms", "a blackbird"]),
        new("park", "in the park", "through the park", ["under the green bench", "behind the slide", "beside the duck pond", "next to the swings", "under the chestnut tree"], ["the ducks", "the fountain", "a street musician"]),
        new("town", "in the town", "through the town", ["behind the toy shop", "under the clock tower", "next to the train station", "beside the bookshop", "behind the lamp post"], ["the shop windows", "the busy trams", "a chimney sweep"]),
        new("valley", "in the valley", "through the valley", ["behind the stone cottage", "under the old bridge", "beside the clear spring", "among the bluebells", "next to the crooked fence"], ["the grazing cows", "a rainbow", "the soft hills"]),
        new("jungle", "in the jungle", "through the jungle", ["under the giant leaf", "behind the thick vines", "beside the muddy pool", "next to the banana tree", "inside the hollow trunk"], ["the bright flowers", "a funny lizard", "the swinging vines"]),
        new("school", "at the school", "through the school", ["behind the piano", "under the teacher's desk", "beside the coat hooks", "next to the blackboard", "behind the toy chest"], ["the paintings on the wall", "the goldfish", "the big map"], Indoors: true),
        new("zoo", "at the zoo", "through the zoo", ["behind the ticket booth", "under the picnic table", "next to the bird house", "beside the monkey rock", "behind the popcorn stand"], ["the flamingos", "the sleepy lions", "the penguins"]),
        new("pond", "by the pond", "around the pond", ["behind the cattails", "under the lily pads", "beside the flat rock", "next to the crooked willow", "among the yellow irises"], ["the tadpoles", "a blue dragonfly", "the frogs"]),
        new("desert", "in the desert", "across the desert", ["behind the tall cactus", "under the red rock", "beside the palm trees", "next to the old tent", "behind the sand dune"], ["the golden sand", "a lizard in the sun", "the far-off hills"]),
    ];

    /// <summary>Where errands lead: with "to" and "at".</summary>
    public static readonly IReadOnlyList<string> Destinations =
        "lighthouse;windmill;old castle;little cottage;tall tower;railway station;bakery;stone house;blue farmhouse;ferry;post office;treehouse;mill;big barn;hilltop inn;fire station".Split(';');
}
