"use strict";
const contents = JSON.parse(document.getElementById("contents").textContent);
const maxFacet = 24;

// Everything that files say goes into the page as text.
function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

function shown(value) {
    return typeof value === "number" ? String(Number(value.toPrecision(6))) : value === true ? "yes" : value === false ? "no" : value;
}

const files = contents.facts.map((file) => ({ ...file, values: new Map(file.values) }));
const items = contents.pictures.map((picture, index) => {
    const file = files[picture.facts];
    const at = picture.file.lastIndexOf("/");
    const values = new Map([
        ["file", picture.file.slice(at + 1)],
        ["folder", at < 0 ? "" : picture.file.slice(0, at)],
    ]);
    for (const [name, value] of file ? file.values : []) values.set(name, value);
    return {
        index,
        picture,
        values,
        curves: file ? file.curves : [],
        text: [picture.file, ...[...values].map(([name, value]) => `${name} ${shown(value)}`)].join("\n").toLowerCase(),
    };
});

// Names by which pictures differ: only these sort and filter.
const names = new Map();
for (const item of items) {
    for (const [name, value] of item.values) {
        const known = names.get(name) || names.set(name, new Set()).get(name);
        known.add(value);
    }
}
const differing = [...names].filter(([, values]) => values.size > 1).map(([name]) => name);
const facets = differing.filter((name) => {
    const values = [...names.get(name)];
    return values.length <= maxFacet && values.some((value) => typeof value !== "number") && name !== "file";
});

const state = { text: "", sort: "file", down: false, size: "", chosen: new Map(), selected: [] };
const grid = make("section", { class: "grid", "aria-label": "Pictures" });
const detail = make("aside", { "aria-live": "polite" });
const count = make("span");
const compareButton = make("button", { type: "button", onclick: compare });
const dialog = make("dialog");

function image(item, extra) {
    const { picture } = item;
    const small = Math.max(picture.width, picture.height) <= 256;
    return make("img", {
        src: `data:${picture.type};base64,${picture.data}`,
        alt: picture.file,
        loading: "lazy",
        class: small ? "pixels" : undefined,
        ...extra,
    });
}

function order(a, b) {
    const [x, y] = [a.values.get(state.sort), b.values.get(state.sort)];
    // What does not say it comes last, whichever way.
    if (x === undefined || y === undefined) return x === y ? a.index - b.index : x === undefined ? 1 : -1;
    const sign = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return (state.down ? -sign : sign) || a.index - b.index;
}

function matches(item) {
    if (!state.text.split(/\s+/).every((word) => item.text.includes(word))) return false;
    return [...state.chosen].every(([name, value]) => shown(item.values.get(name)) === value);
}

function draw() {
    const visible = items.filter(matches).sort(order);
    grid.className = `grid ${state.size}`;
    grid.replaceChildren(...visible.map(card));
    count.textContent = `${visible.length} of ${items.length} pictures`;
    drawCompare();
}

function card(item) {
    const value = item.values.get(state.sort);
    const caption = state.sort === "file" || value === undefined ? "" : ` · ${state.sort} ${shown(value)}`;
    const button = make(
        "button",
        {
            type: "button",
            "aria-pressed": String(state.selected.includes(item)),
            onmouseenter: () => tell(item),
            onfocus: () => tell(item),
            onclick: () => {
                const at = state.selected.indexOf(item);
                if (at < 0) state.selected.push(item);
                else state.selected.splice(at, 1);
                button.setAttribute("aria-pressed", String(at < 0));
                drawCompare();
            },
        },
        image(item),
    );
    return make("figure", {}, button, make("figcaption", {}, item.picture.file + caption));
}

function drawCompare() {
    compareButton.textContent = `Side by side (${state.selected.length})`;
    compareButton.disabled = state.selected.length < 2;
}

function table(rows) {
    return make(
        "table",
        {},
        ...rows.map(([name, ...values]) =>
            make(
                "tr",
                {
                    class: values.length > 1 && new Set(values).size > 1 ? "differs" : undefined,
                },
                make("th", { scope: "row" }, name),
                ...values.map((value) => make("td", {}, value === undefined ? "" : String(shown(value)))),
            ),
        ),
    );
}

function curve([name, values]) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const points = values.map(
        (value, i) => `${(100 * i) / (values.length - 1)},${high > low ? 38 - (36 * (value - low)) / (high - low) : 20}`,
    );
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 40");
    svg.setAttribute("preserveAspectRatio", "none");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", points.join(" "));
    svg.append(line);
    return make("div", {}, make("h2", {}, `${name}: ${shown(values[0])} … ${shown(values.at(-1))}, lowest ${shown(low)}`), svg);
}

function tell(item) {
    detail.replaceChildren(
        make("h2", {}, item.picture.file),
        image(item),
        make("div", {}, `${item.picture.width} × ${item.picture.height} pixels`),
        ...item.curves.map(curve),
        table([...item.values]),
    );
}

function compare() {
    const chosen = state.selected;
    const all = [...new Set(chosen.flatMap((item) => [...item.values.keys()]))];
    dialog.replaceChildren(
        make(
            "div",
            {},
            make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
            " ",
            make(
                "button",
                {
                    type: "button",
                    onclick: () => {
                        state.selected = [];
                        dialog.close();
                        draw();
                    },
                },
                "Forget the selection",
            ),
        ),
        make(
            "div",
            { class: "beside" },
            ...chosen.map((item) => make("div", {}, make("h2", {}, item.picture.file), image(item), ...item.curves.map(curve))),
        ),
        table(all.map((name) => [name, ...chosen.map((item) => item.values.get(name))])),
    );
    dialog.showModal();
}

function choice(label, options, changed) {
    const select = make(
        "select",
        {
            onchange: () => {
                changed(select.value);
                draw();
            },
        },
        ...options.map(([value, text]) => make("option", { value }, text)),
    );
    return make("label", {}, label, select);
}

const search = make("input", {
    type: "search",
    placeholder: "words",
    oninput: () => {
        state.text = search.value.trim().toLowerCase();
        draw();
    },
});
const down = make("input", {
    type: "checkbox",
    onchange: () => {
        state.down = down.checked;
        draw();
    },
});
const header = make(
    "header",
    {},
    make("h1", {}, contents.title),
    count,
    make("label", {}, "Search", search),
    choice("Sort by", differing.length > 0 ? differing.map((name) => [name, name]) : [["file", "file"]], (value) => {
        state.sort = value;
    }),
    make("label", {}, down, "downwards"),
    ...facets.slice(0, 6).map((name) =>
        choice(
            name,
            [
                ["", "all"],
                ...[...names.get(name)]
                    .map(shown)
                    .sort()
                    .map((value) => [value, value]),
            ],
            (value) => {
                if (value === "") state.chosen.delete(name);
                else state.chosen.set(name, value);
            },
        ),
    ),
    choice(
        "Size",
        [
            ["", "medium"],
            ["small", "small"],
            ["large", "large"],
            ["huge", "huge"],
        ],
        (value) => {
            state.size = value;
        },
    ),
    compareButton,
);
state.sort = differing.includes("file") ? "file" : differing[0] || "file";
header.querySelector("select").value = state.sort;

const used = new Set(items.map((item) => item.picture.facts));
detail.append(
    make("p", {}, "Point at a picture for its settings and losses; choose several to see them side by side."),
    ...files
        .filter((file, i) => file.report && (!used.has(i) || !file.file.includes("/")))
        .flatMap((file) => [make("h2", {}, file.file), ...file.curves.map(curve), table([...file.values])]),
);
const footer = make(
    "footer",
    {},
    contents.bound,
    ...[
        ...contents.damaged.map((text) => `Left out, since it cannot be read: ${text}`),
        ...contents.leftOut.map((text) => `Left out: ${text}`),
    ].map((text) => make("div", { class: "trouble" }, text)),
);
document.body.append(header, grid, detail, footer, dialog);
draw();
