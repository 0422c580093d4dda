namespace Heed.Tensors;

/// <summary>
/// Up to three tensors of one shape as the same rows: axes that lie one after another in all of them are merged, the
/// last one left is the row, and the others are walked like an odometer. A missing tensor has stride 0.
/// </summary>
internal struct StridedRows
{
    private Shape.Axes _sizes, _strides0, _strides1, _strides2;
    private Shape.Axes _place;
    private int _outer;

    public StridedRows(Tensor first, Tensor? second = null, Tensor? third = null)
    {
        Length = 1;
        Count = first.ElementCount == 0 ? 0 : 1;
        for (int axis = 0; axis < first.Rank; axis++)
            if (first.Shape[axis] != 1)
                Append(first.Shape[axis], first.Stride(axis), second?.Stride(axis) ?? 0, third?.Stride(axis) ?? 0);
        TakeRow();
    }

    /// <summary>Axes <paramref name="from"/> up to, without, <paramref name="to"/> of one tensor.</summary>
    public StridedRows(Tensor tensor, int from, int to)
    {
        Length = 1;
        Count = tensor.ElementCount == 0 ? 0 : 1;
        for (int axis = from; axis < to; axis++)
            if (tensor.Shape[axis] != 1) Append(tensor.Shape[axis], tensor.Stride(axis), 0, 0);
        TakeRow();
    }

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>The number of elements in a row.</summary>
    public int Length { get; private set; }

    /// <summary>The distance between neighbours in a row of the first tensor.</summary>
    public int Inner0 { get; private set; }

    /// <summary>The distance between neighbours in a row of the second tensor.</summary>
    public int Inner1 { get; private set; }

    /// <summary>The distance between neighbours in a row of the third tensor.</summary>
    public int Inner2 { get; private set; }

    /// <summary>Where the current row begins in the first tensor.</summary>
    public int Offset0 { get; private set; }

    /// <summary>Where the current row begins in the second tensor.</summary>
    public int Offset1 { get; private set; }

    /// <summary>Where the current row begins in the third tensor.</summary>
    public int Offset2 { get; private set; }

    /// <summary>Goes to a row by its number.</summary>
    public void MoveTo(int row)
    {
        Offset0 = Offset1 = Offset2 = 0;
        for (int axis = _outer - 1; axis >= 0; axis--)
        {
            int index = row % _sizes[axis];
            row /= _sizes[axis];
            _place[axis] = index;
            Step(axis, index);
        }
    }

    /// <summary>Goes to the next row; after the last one, to the first.</summary>
    public void MoveNext()
    {
        for (int axis = _outer - 1; axis >= 0; axis--)
        {
            Step(axis, 1);
            if (++_place[axis] < _sizes[axis]) return;
            Step(axis, -_sizes[axis]);
            _place[axis] = 0;
        }
    }

    private void TakeRow()
    {
        if (_outer == 0) return;
        _outer--;
        Length = _sizes[_outer];
        Inner0 = _strides0[_outer];
        Inner1 = _strides1[_outer];
        Inner2 = _strides2[_outer];
        for (int axis = 0; axis < _outer && Count != 0; axis++) Count *= _sizes[axis];
    }

    private void Step(int axis, int by)
    {
        Offset0 += by * _strides0[axis];
        Offset1 += by * _strides1[axis];
        Offset2 += by * _strides2[axis];
    }

    private void Append(int size, int stride0, int stride1, int stride2)
    {
        int last = _outer - 1;
        if (last >= 0 && _strides0[last] == size * stride0 && _strides1[last] == size * stride1 && _strides2[last] == size * stride2)
        {
            _sizes[last] *= size;
        }
        else
        {
            last = _outer++;
            _sizes[last] = size;
        }
        _strides0[last] = stride0;
        _strides1[last] = stride1;
        _strides2[last] = stride2;
    }
}
