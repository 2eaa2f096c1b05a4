import { el } from "./dom.js";
import { fileField } from "./picture.js";
import { maskField } from "./mask.js";

// The form of a page, filled in with what was there before; `begin` is called with the values.
export function form(page, about, values, begin) {
    const filled = { ...values },
        fields = new Map();
    const there = (field) =>
        !field.when || (field.when.values.includes(now(field.when.field)) && there(page.fields.find((f) => f.name === field.when.field)));
    const now = (name) => fields.get(name)?.value() ?? filled[name] ?? page.fields.find((f) => f.name === name).default;
    const update = () => {
        for (const [name, { row }] of fields) row.hidden = !there(page.fields.find((f) => f.name === name));
        for (const { show } of fields.values()) show?.();
    };
    const pictureOf = () => now(page.fields.find((f) => f.kind === "Picture").name);
    for (const field of page.fields) {
        const made = input(field, filled[field.name] ?? field.default, about, pictureOf, update);
        const id = `field-${field.name}`;
        if (made.input) made.input.id = id;
        fields.set(field.name, {
            ...made,
            row: el(
                isShort(field) ? "div" : "div.wide",
                { title: isShort(field) ? field.help : "" },
                el(
                    "label",
                    made.input ? { htmlFor: id } : {},
                    field.label,
                    field.help && !isShort(field) ? el("span.help", {}, field.help) : null,
                ),
                made.element,
            ),
        });
    }
    const made = el(
        "form",
        {
            onsubmit: (event) => {
                event.preventDefault();
                begin(Object.fromEntries([...fields].filter(([, f]) => !f.row.hidden).map(([name, f]) => [name, f.value()])));
            },
        },
        el("h1", {}, page.title),
        el("p", {}, page.summary),
        el(
            "div.fields",
            {},
            [...fields.values()].map((f) => f.row),
        ),
        el("div.run", {}, el("button.main", { type: "submit" }, "Run")),
    );
    update();
    return made;
}

const isShort = (field) => ["Number", "Whole", "Choice", "Flag"].includes(field.kind);

function input(field, value, about, pictureOf, changed) {
    if (field.kind === "Picture" || field.kind === "Program") {
        return fileField(field, value, about.examples, about.limits.uploadBytes, changed);
    }
    if (field.kind === "Mask") return maskField(about.side, pictureOf, value, changed);
    if (field.kind === "Choice" || field.kind === "Flag") {
        const select = el(
            "select",
            { onchange: changed },
            field.choices.map((choice) => el("option", { value: choice, selected: choice === value }, choice)),
        );
        return { element: select, input: select, value: () => select.value };
    }
    if (field.kind === "Text") {
        const area = el("textarea", { value, rows: 2, maxLength: 2000 });
        area.addEventListener("keydown", (event) => {
            if (event.key === "Enter" && !event.shiftKey) {
                event.preventDefault();
                area.form.requestSubmit();
            }
        });
        return { element: area, input: area, value: () => area.value };
    }
    const number = el("input", { type: "text", inputMode: field.kind === "Whole" ? "numeric" : "decimal", value, autocomplete: "off" });
    return { element: number, input: number, value: () => number.value.trim() };
}
