using System.Numerics;
using System.Text;

namespace Costate.Networks;

/// <summary>
/// Reads a pickle without running any of it: numbers, texts, lists and dictionaries become values, storages and tensors descriptions,
/// and everything that would be made by code a <see cref="PickleInert"/>.
/// </summary>
/// <remarks>
/// Time is proportional to the length of the pickle, memory bounded by <see cref="PickleInput.Charge"/>, and there is no recursion.
/// </remarks>
internal sealed class PickleMachine(PickleInput input, Func<object?, object?> persistent)
{
    private const int MaxText = 1 << 20;
    private const int MaxProtocol = 5;

    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = [];

    /// <summary>The value of the pickle that begins at the input's position, which moves behind its end.</summary>
    internal object? Read()
    {
        while (true)
        {
            byte code = input.Byte();
            if (code == (byte)'.')
            {
                return Pop();
            }

            Step(code);
        }
    }

    private void Step(byte code)
    {
        switch (code)
        {
            case 0x80:
                int protocol = input.Byte();
                if (protocol > MaxProtocol)
                {
                    throw input.Damaged($"its pickle is of protocol {protocol}", $"at most {MaxProtocol}");
                }

                break;
            case 0x95: // FRAME: a hint for buffering.
                input.Skip(8);
                break;
            case (byte)'(':
                input.Charge(4);
                marks.Add(stack.Count);
                break;
            case (byte)'0': // POP, of a mark too.
                if (marks.Count > 0 && marks[^1] == stack.Count)
                {
                    marks.RemoveAt(marks.Count - 1);
                }
                else
                {
                    Pop();
                }

                break;
            case (byte)'1':
                PopMark();
                break;
            case (byte)'N':
                Push(null);
                break;
            case 0x88:
            case 0x89:
                Push(code == 0x88);
                break;
            case (byte)'J':
                Push((long)input.Int32());
                break;
            case (byte)'K':
                Push((long)input.Byte());
                break;
            case (byte)'M':
                Push((long)input.UInt16());
                break;
            case 0x8a:
                Whole(input.Byte());
                break;
            case 0x8b:
                Whole(input.Int32());
                break;
            case (byte)'G':
                input.Skip(8);
                Push(new PickleInert("a number"));
                break;
            case 0x8c:
                Text(input.Byte());
                break;
            case (byte)'X':
                Text((uint)input.Int32());
                break;
            case 0x8d:
                Text(input.Int64());
                break;
            case (byte)'C':
                Bytes(input.Byte());
                break;
            case (byte)'B':
                Bytes((uint)input.Int32());
                break;
            case 0x8e:
                Bytes(input.Int64());
                break;
            case (byte)')':
                Push(Array.Empty<object?>());
                break;
            case 0x85:
            case 0x86:
            case 0x87:
                Tuple(code - 0x84);
                break;
            case (byte)'t':
                Push(PopMark());
                break;
            case (byte)']':
            case 0x8f: // EMPTY_SET
                input.Charge(64);
                Push(new PickleList());
                break;
            case (byte)'}':
                input.Charge(64);
                Push(new PickleDictionary());
                break;
            case (byte)'a':
                object? item = Pop();
                Append([item]);
                break;
            case (byte)'e':
            case 0x90: // ADDITEMS
                Append(PopMark());
                break;
            case 0x91: // FROZENSET
                PopMark();
                Push(new PickleInert("a frozen set"));
                break;
            case (byte)'s':
                object? value = Pop();
                object? key = Pop();
                SetItems([key, value]);
                break;
            case (byte)'u':
                SetItems(PopMark());
                break;
            case (byte)'q':
                Put(input.Byte());
                break;
            case (byte)'r':
                Put((uint)input.Int32());
                break;
            case 0x94:
                Put(memo.Count);
                break;
            case (byte)'h':
                Get(input.Byte());
                break;
            case (byte)'j':
                Get((uint)input.Int32());
                break;
            case (byte)'c':
                string module = input.Line();
                Global(module, input.Line());
                break;
            case 0x93:
                object? name = Pop();
                object? from = Pop();
                Global(
                    from as string ?? throw input.Damaged("a class is named by what is no text", "a text"),
                    name as string ?? throw input.Damaged("a class is named by what is no text", "a text"));
                break;
            case (byte)'R':
            case 0x81: // NEWOBJ
                object? arguments = Pop();
                Push(PickleCalls.Call(input, Pop(), arguments));
                break;
            case (byte)'b': // BUILD: the state of an object, of which none here has a use.
                Pop();
                Peek();
                break;
            case (byte)'Q':
                Push(persistent(Pop()));
                break;
            default:
                throw input.Damaged(
                    $"its pickle holds the instruction 0x{code:x2} at byte {input.Position - 1}, which state dicts have no use for",
                        "the instructions of a state dict");
        }
    }

    private void Push(object? value)
    {
        input.Charge(40);
        stack.Add(value);
    }

    private object? Pop()
    {
        object? top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object? Peek() => stack.Count > (marks.Count > 0 ? marks[^1] : 0)
        ? stack[^1]
        : throw input.Damaged("its pickle takes a value where there is none", "a complete one");

    private object?[] PopMark()
    {
        if (marks.Count == 0)
        {
            throw input.Damaged("its pickle ends a group that never began", "a complete one");
        }

        int mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        input.Charge(24 + (8L * (stack.Count - mark)));
        object?[] items = [.. stack[mark..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private void Tuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        input.Charge(24 + (8 * count));
        Push(items);
    }

    private void Append(object?[] items)
    {
        switch (Peek())
        {
            case PickleList list:
                input.Charge(80 + (16L * items.Length));
                list.Items.AddRange(items);
                break;
            case PickleInert:
                break;
            default:
                throw input.Damaged("its pickle appends to what is no list", "a list");
        }
    }

    private void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0)
        {
            throw input.Damaged("its pickle sets a key without a value", "pairs");
        }

        switch (Peek())
        {
            case PickleDictionary dictionary:
                input.Charge(80 + (32L * items.Length));
                for (int i = 0; i < items.Length; i += 2)
                {
                    dictionary.Entries.Add((items[i], items[i + 1]));
                }

                break;
            case PickleInert:
                break;
            default:
                throw input.Damaged("its pickle sets a key of what is no dictionary", "a dictionary");
        }
    }

    // Larger than 64 bits is only the number at the start of the older files.
    private void Whole(int bytes)
    {
        if (bytes < 0 || bytes > 255)
        {
            throw input.Damaged($"its pickle holds a whole number of {bytes} bytes", "one of at most 255");
        }

        var value = new BigInteger(input.Bytes(bytes));
        Push(value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value);
    }

    private void Text(long bytes)
    {
        if (bytes > MaxText)
        {
            Bytes(bytes);
            return;
        }

        byte[] utf8 = input.Bytes(bytes);
        input.Charge(bytes * 3);
        Push(Encoding.UTF8.GetString(utf8));
    }

    private void Bytes(long count)
    {
        input.Skip(count);
        Push(new PickleInert("bytes"));
    }

    private void Put(long index)
    {
        input.Charge(64);
        memo[index] = Peek();
    }

    private void Get(long index) => Push(memo.TryGetValue(index, out object? value)
        ? value
        : throw input.Damaged($"its pickle refers to value {index}, which it has not kept", "one that it has"));

    private void Global(string module, string name)
    {
        input.Charge(64 + (2 * (module.Length + name.Length)));
        Push(new PickleGlobal(module, name));
    }
}
