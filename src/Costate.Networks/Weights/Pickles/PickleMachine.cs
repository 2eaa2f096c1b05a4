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

    private readonly PickleStack stack = new(input);
    private readonly Dictionary<long, object?> memo = [];

    /// <summary>The value of the pickle that begins at the input's position, which moves behind its end.</summary>
    internal object? Read()
    {
        while (true)
        {
            byte code = input.Byte();
            if (code == (byte)'.')
            {
                return stack.Pop();
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
                stack.Mark();
                break;
            case (byte)'0':
                stack.Drop();
                break;
            case (byte)'1':
                stack.PopMark();
                break;
            case (byte)'N':
                stack.Push(null);
                break;
            case 0x88:
            case 0x89:
                stack.Push(code == 0x88);
                break;
            case (byte)'J':
                stack.Push((long)input.Int32());
                break;
            case (byte)'K':
                stack.Push((long)input.Byte());
                break;
            case (byte)'M':
                stack.Push((long)input.UInt16());
                break;
            case 0x8a:
                Whole(input.Byte());
                break;
            case 0x8b:
                Whole(input.Int32());
                break;
            case (byte)'G':
                input.Skip(8);
                stack.Push(new PickleInert("a number"));
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
                stack.Push(Array.Empty<object?>());
                break;
            case 0x85:
            case 0x86:
            case 0x87:
                Tuple(code - 0x84);
                break;
            case (byte)'t':
                stack.Push(stack.PopMark());
                break;
            case (byte)']':
            case 0x8f: // EMPTY_SET
                input.Charge(64);
                stack.Push(new PickleList());
                break;
            case (byte)'}':
                input.Charge(64);
                stack.Push(new PickleDictionary());
                break;
            case (byte)'a':
                object? item = stack.Pop();
                Append([item]);
                break;
            case (byte)'e':
            case 0x90: // ADDITEMS
                Append(stack.PopMark());
                break;
            case 0x91: // FROZENSET
                stack.PopMark();
                stack.Push(new PickleInert("a frozen set"));
                break;
            case (byte)'s':
                object? value = stack.Pop();
                object? key = stack.Pop();
                SetItems([key, value]);
                break;
            case (byte)'u':
                SetItems(stack.PopMark());
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
                object? name = stack.Pop();
                object? from = stack.Pop();
                Global(
                    from as string ?? throw input.Damaged("a class is named by what is no text", "a text"),
                    name as string ?? throw input.Damaged("a class is named by what is no text", "a text"));
                break;
            case (byte)'R':
            case 0x81: // NEWOBJ
                object? arguments = stack.Pop();
                stack.Push(PickleCalls.Call(input, stack.Pop(), arguments));
                break;
            case (byte)'b': // BUILD: the state of an object, of which none here has a use.
                stack.Pop();
                stack.Peek();
                break;
            case (byte)'Q':
                stack.Push(persistent(stack.Pop()));
                break;
            default:
                throw input.Damaged(
                    $"its pickle holds the instruction 0x{code:x2} at byte {input.Position - 1}, which state dicts have no use for",
                        "the instructions of a state dict");
        }
    }

    private void Tuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            items[i] = stack.Pop();
        }

        input.Charge(24 + (8 * count));
        stack.Push(items);
    }

    private void Append(object?[] items)
    {
        switch (stack.Peek())
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

        switch (stack.Peek())
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
        stack.Push(value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value);
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
        stack.Push(Encoding.UTF8.GetString(utf8));
    }

    private void Bytes(long count)
    {
        input.Skip(count);
        stack.Push(new PickleInert("bytes"));
    }

    private void Put(long index)
    {
        input.Charge(64);
        memo[index] = stack.Peek();
    }

    private void Get(long index) => stack.Push(memo.TryGetValue(index, out object? value)
        ? value
        : throw input.Damaged($"its pickle refers to value {index}, which it has not kept", "one that it has"));

    private void Global(string module, string name)
    {
        input.Charge(64 + (2 * (module.Length + name.Length)));
        stack.Push(new PickleGlobal(module, name));
    }
}
