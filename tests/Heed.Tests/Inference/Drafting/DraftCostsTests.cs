using Heed.Inference.Drafting;

namespace Heed.Tests.Inference.Drafting;

public sealed class DraftCostsTests
{
    [Fact]
    public void Add_OfMeasurements_FindsWhatATokenMoreCosts()
    {
        DraftCosts costs = new(0.5, 0.5, measures: true);
        for (int i = 0; i < 5; i++)
        {
            // A pass takes 10 and 2 for every token more; now and then something else disturbs it.
            double disturbed = i == 2 ? 100 : 0;
            costs.Add(1, 10 + disturbed, 0);
            costs.Add(4, 16 + disturbed, 9);
        }
        costs.Token.ShouldBe(0.2, 1e-12);
        costs.Draft.ShouldBe(0.3, 1e-12);
    }

    [Fact]
    public void Add_WhereTimesMustNotCount_ChangesNothing()
    {
        DraftCosts costs = new(0.15, 0.5, measures: false);
        costs.Add(1, 10, 0);
        costs.Add(2, 100, 100);
        (costs.Token, costs.Draft).ShouldBe((0.15, 0.5));
    }

    [Fact]
    public void AcceptanceOdds_OfWhatCame_FollowIt()
    {
        AcceptanceOdds odds = new([0.5, 0.5]);
        for (int i = 0; i < 300; i++) odds.Add(0, i % 4 != 0);
        odds[0].ShouldBe(0.75, 0.05);
        odds[1].ShouldBe(0.5);
        for (int i = 0; i < 300; i++) odds.Add(7, false);
        odds[1].ShouldBeLessThan(0.01);
        odds[99].ShouldBe(odds[1]);
    }
}
