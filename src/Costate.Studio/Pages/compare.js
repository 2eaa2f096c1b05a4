import { el } from "./dom.js";

// Two pictures under one slider.
export function slider(left, right, names = ["", ""]) {
    const over = el("img", { src: left, alt: names[0], draggable: false });
    const line = el("div.line");
    const box = el(
        "div.compare",
        { tabIndex: 0, role: "slider", "aria-label": "Compare", "aria-valuemin": 0, "aria-valuemax": 100 },
        el("img", { src: right, alt: names[1], draggable: false }),
        over,
        line,
        el("span.left", {}, names[0]),
        el("span.right", {}, names[1]),
    );
    let part = 0.5;
    const set = (value) => {
        part = Math.min(1, Math.max(0, value));
        over.style.clipPath = `inset(0 ${100 - part * 100}% 0 0)`;
        line.style.left = `calc(${part * 100}% - 1px)`;
        box.setAttribute("aria-valuenow", Math.round(part * 100));
    };
    const follow = (event) => {
        const { left: from, width } = box.getBoundingClientRect();
        set((event.clientX - from) / width);
    };
    box.addEventListener("pointerdown", (event) => {
        box.setPointerCapture(event.pointerId);
        follow(event);
    });
    box.addEventListener("pointermove", (event) => {
        if (event.buttons || event.pointerType === "mouse") follow(event);
    });
    box.addEventListener("keydown", (event) => {
        if (event.key === "ArrowLeft") set(part - 0.05);
        if (event.key === "ArrowRight") set(part + 0.05);
    });
    set(0.5);
    return box;
}
