using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class ShapeTests
{
    [Fact]
    public void Shape_DefaultValue_IsAScalar()
    {
        Shape shape = default;
        shape.Rank.ShouldBe(0);
        shape.ElementCount.ShouldBe(1);
        shape.ShouldBe(new Shape([]));
        shape.ToString().ShouldBe("[]");
    }

    [Fact]
    public void Shape_Axes_AreReadFromBothEnds()
    {
        Shape shape = new(2, 3, 5);
        shape.ElementCount.ShouldBe(30);
        shape[0].ShouldBe(2);
        shape[^1].ShouldBe(5);
        shape.ToArray().ShouldBe([2, 3, 5]);
        shape.ToString().ShouldBe("[2, 3, 5]");
        Should.Throw<ArgumentException>(() => shape[3]).Message.ShouldContain("outside [2, 3, 5]");
        Should.Throw<ArgumentException>(() => shape[^4]);
    }

    [Fact]
    public void Shape_Limits_AreChecked()
    {
        new Shape(1, 1, 1, 1, 1, 1, 1, 1).Rank.ShouldBe(Shape.MaxRank);
        Should.Throw<ArgumentException>(() => new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1)).Message.ShouldContain("at most 8 axes");
        Should.Throw<ArgumentException>(() => new Shape(2, -1)).Message.ShouldContain("got [2, -1]");
        new Shape(int.MaxValue).ElementCount.ShouldBe(int.MaxValue);
        Should.Throw<ArgumentException>(() => new Shape(1 << 16, 1 << 15)).Message.ShouldContain("2^31");
        Should.Throw<ArgumentException>(() => new Shape(int.MaxValue, int.MaxValue, int.MaxValue));
        new Shape(1 << 15, 0, 1 << 15).ElementCount.ShouldBe(0);
    }

    [Fact]
    public void WithLastAndWithAxis_NewSizes_AreChecked()
    {
        new Shape(2, 3).WithLast(7).ShouldBe(new Shape(2, 7));
        new Shape(2, 0).WithLast(7).ShouldBe(new Shape(2, 7));
        new Shape(2, 7).WithLast(0).ElementCount.ShouldBe(0);
        new Shape(2, 3).WithAxis(0, 7).ShouldBe(new Shape(7, 3));
        Should.Throw<ArgumentException>(() => default(Shape).WithLast(1)).Message.ShouldContain("outside []");
        Should.Throw<ArgumentException>(() => new Shape(1 << 16, 2).WithLast(1 << 15));
        Should.Throw<ArgumentException>(() => new Shape(2, 3).WithLast(-1));
        Should.Throw<ArgumentException>(() => new Shape(2, 3).WithAxis(2, 1)).Message.ShouldContain("axis 2");
    }

    [Fact]
    public void Equality_SameAxes_AreEqual()
    {
        (new Shape(2, 3) == new Shape(2, 3)).ShouldBeTrue();
        (new Shape(2, 3) != new Shape(3, 2)).ShouldBeTrue();
        (new Shape(2, 3) == new Shape(2, 3, 1)).ShouldBeFalse();
        new Shape(2, 3).GetHashCode().ShouldBe(new Shape(2, 3).GetHashCode());
        new Shape(2, 3).Equals("[2, 3]").ShouldBeFalse();
    }
}
