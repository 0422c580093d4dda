using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>All plots.</summary>
internal static class Library
{
    public static readonly IReadOnlyList<Plot> Plots =
    [
        LostThing.Plot, BlownAway.Plot, WishStory.Plot, Building.Plot, Storm.Plot, Skill.Plot, Misunderstanding.Plot, Delivery.Plot,
        MysteryStory.Plot, SurpriseParty.Plot, SmallCreature.Plot, BigRace.Plot, SharingStory.Plot, BrokenThing.Plot, Seed.Plot, Newcomer.Plot,
    ];
}
