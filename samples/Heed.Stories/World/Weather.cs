namespace Heed.Stories.World;

/// <summary>The weather of a story's day: its adjective, what is said of it at first and at the end.</summary>
internal sealed record Weather(string Adjective, string Sky, string Later)
{
    public static readonly IReadOnlyList<Weather> All =
    [
        new("sunny", "{The sun was {shining|warm and bright|high in the sky}|There was not a cloud in the sky|The sky was {clear and blue|as blue as could be}}", "{The sun was going down, and the sky turned {pink|gold|orange}|The last warm light of the sun {lay on the ground|touched the treetops}}"),
        new("windy", "{The wind was {blowing hard|whistling and singing|playing with the leaves}|Leaves were dancing in the wind}", "{The wind had grown quiet|Now only a soft wind was blowing|The wind hummed {a little song|softly}}"),
        new("rainy", "{Rain was {falling softly|tapping on every leaf and stone|making big puddles}|Raindrops were {drumming on the ground|splashing everywhere}}", "{The rain had stopped, and {a rainbow stood in the sky|everything smelled fresh}|At last the rain stopped, and a rainbow came out}"),
        new("snowy", "{Snow was falling {softly|in big flakes}|Everything was white with snow|Fresh snow {covered the ground|sparkled everywhere}}", "{Snowflakes were still {falling|dancing down} {quietly|softly}|The snow {glittered under the stars|shone blue in the evening light}}"),
        new("foggy", "{A grey fog {lay over everything|had crept in}|The fog was so thick that {nobody could see far|the trees looked like ghosts}}", "{The fog had lifted, and stars were shining|At last the fog was gone, and the moon came out}"),
        new("cloudy", "{Fluffy clouds {were drifting by|covered the sky}|The clouds looked like {sheep|sleepy whales|big pillows}}", "{The clouds had parted, and the moon smiled down|Between the clouds, the first star came out}"),
        new("chilly", "{The air was {cold and crisp|so cold that noses turned red}|There was frost on the grass}", "{It grew cold again, but {nobody minded|their hearts were warm}|Smoke rose from the chimneys into the cold air}"),
        new("warm", "{A warm breeze {smelled of flowers|was blowing}|Bees were humming everywhere|The air was {warm and sweet|soft and warm}}", "{The evening was warm, and crickets were singing|Fireflies {came out one by one|were dancing in the warm evening}}"),
    ];

    /// <summary>What a plot with its own weather may begin with.</summary>
    public static readonly IReadOnlyList<Weather> Mild = [.. All.Where(weather => weather.Adjective is "sunny" or "cloudy" or "warm" or "windy")];
}
