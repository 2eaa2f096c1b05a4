namespace Costate.Networks;

/// <summary>The values of a pickle that are not yet part of another, in groups that begin with marks.</summary>
internal sealed class PickleStack(PickleInput input)
{
    private readonly List<object?> items = [];
    private readonly List<int> marks = [];

    internal void Mark()
    {
        input.Charge(4);
        marks.Add(items.Count);
    }

    internal void Push(object? value)
    {
        input.Charge(40);
        items.Add(value);
    }

    internal object? Pop()
    {
        object? top = Peek();
        items.RemoveAt(items.Count - 1);
        return top;
    }

    internal object? Peek() => items.Count > (marks.Count > 0 ? marks[^1] : 0)
        ? items[^1]
        : throw input.Damaged("its pickle takes a value where there is none", "a complete one");

    internal object?[] PopMark()
    {
        if (marks.Count == 0)
        {
            throw input.Damaged("its pickle ends a group that never began", "a complete one");
        }

        int mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        input.Charge(24 + (8L * (items.Count - mark)));
        object?[] group = [.. items[mark..]];
        items.RemoveRange(mark, items.Count - mark);
        return group;
    }

    /// <summary>Drops the last value, or the last mark where nothing has followed it.</summary>
    internal void Drop()
    {
        if (marks.Count > 0 && marks[^1] == items.Count)
        {
            marks.RemoveAt(marks.Count - 1);
        }
        else
        {
            Pop();
        }
    }
}
