// Elements in a line: el("a.job", { href: "#" }, "text", other). Texts become text nodes, never markup.
export function el(what, properties = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    const made = document.createElement(tag || "div");
    if (classes.length > 0) made.className = classes.join(" ");
    for (const [name, value] of Object.entries(properties)) {
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (name in made) made[name] = value;
        else made.setAttribute(name, value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return made;
}

export function svg(tag, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
}

let hiding;
export function toast(text) {
    const box = document.getElementById("toast");
    box.textContent = text;
    box.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => {
        box.hidden = true;
    }, 7000);
}

export function copyButton(text) {
    return el(
        "button.small",
        {
            type: "button",
            onclick: async (event) => {
                try {
                    await navigator.clipboard.writeText(text);
                    event.target.textContent = "Copied";
                } catch {
                    toast("The browser does not let the page copy. Select the text.");
                }
            },
        },
        "Copy",
    );
}

export const seconds = (s) =>
    s === null || s === undefined
        ? "–"
        : s < 10
          ? `${s.toFixed(1)} s`
          : s < 90
            ? `${Math.round(s)} s`
            : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
export const bytes = (b) => (b > 1e9 ? `${(b / 1e9).toFixed(2)} GB` : `${Math.round(b / 1e6)} MB`);
