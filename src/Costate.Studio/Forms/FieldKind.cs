using System.Text.Json.Serialization;

namespace Costate.Studio.Forms;

/// <summary>What a field of a form takes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FieldKind>))]
internal enum FieldKind
{
    /// <summary>Words.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>One of some names.</summary>
    Choice,

    /// <summary>Yes or no.</summary>
    Flag,

    /// <summary>An upload that is a picture.</summary>
    Picture,

    /// <summary>An upload that is drawn over another field's picture.</summary>
    Mask,

    /// <summary>An upload that is a program.</summary>
    Program,
}
