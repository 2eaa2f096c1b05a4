import { el } from "./dom.js";
import { tried, upload, uploadUrl } from "./api.js";

// A field that takes a file: dropped, chosen, or one of the examples. Its value is the name of the upload.
export function fileField(field, value, examples, limit, changed) {
    const isProgram = field.kind === "Program";
    const input = el("input", { type: "file", hidden: true, accept: isProgram ? ".pt,.ts" : "image/png,image/jpeg,image/webp" });
    const shown = el("div");
    const box = el("div.drop", { tabIndex: 0, role: "button", "aria-label": `${field.label}: choose a file` }, shown);
    const set = (name) => {
        value = name;
        shown.replaceChildren(...content());
        changed(name);
    };
    const take = async (file) => {
        if (!file) return;
        if (file.size > limit)
            return void (await tried(() => {
                throw new Error(`The file has more than ${limit} bytes.`);
            }));
        const name = await tried(() => upload(file, isProgram ? "program" : "picture"));
        if (name) set(name);
    };
    const content = () =>
        [
            value && !isProgram ? el("img", { src: uploadUrl(value), alt: field.label }) : null,
            el(
                "span.quiet",
                {},
                value
                    ? isProgram
                        ? "A program is chosen. Drop another to change it."
                        : "Drop another, or click."
                    : `Drop a ${isProgram ? "TorchScript file" : "picture"} here, or click.`,
            ),
        ].filter(Boolean);
    shown.replaceChildren(...content());
    box.addEventListener("click", () => input.click());
    box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            input.click();
        }
    });
    box.addEventListener("dragover", (event) => {
        event.preventDefault();
        box.classList.add("over");
    });
    box.addEventListener("dragleave", () => box.classList.remove("over"));
    box.addEventListener("drop", (event) => {
        event.preventDefault();
        box.classList.remove("over");
        take(event.dataTransfer.files[0]);
    });
    input.addEventListener("change", () => take(input.files[0]));
    const offered = isProgram
        ? []
        : examples.map((name, i) => el("button.small", { type: "button", onclick: () => set(name) }, `Example ${"AB"[i]}`));
    return { element: el("div", {}, box, input, el("div.row", {}, offered)), value: () => value ?? "" };
}
