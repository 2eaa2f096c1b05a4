import { el } from "./dom.js";
import { tried, upload, uploadUrl } from "./api.js";

// A field that is painted over a picture: what is painted shall be drawn anew. Sent as a PNG of the model's size, white where the
// picture is kept and black where it is not.
export function maskField(side, pictureOf, value, changed) {
    const canvas = el("canvas", { width: side, height: side, "aria-label": "Paint over what shall be drawn anew" });
    const picture = el("img", { alt: "" });
    const pen = canvas.getContext("2d");
    const width = el("input", {
        type: "range",
        min: 1,
        max: Math.round(side / 3),
        value: Math.round(side / 8),
        "aria-label": "Width of the brush",
    });
    let last = null,
        drawing = false,
        empty = true;
    const at = (event) => {
        const box = canvas.getBoundingClientRect();
        return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side];
    };
    const dab = (x, y) => {
        pen.fillStyle = "#d7263d";
        pen.fillRect(Math.round(x - width.value / 2), Math.round(y - width.value / 2), Number(width.value), Number(width.value));
    };
    const stroke = ([x, y]) => {
        const [fromX, fromY] = last ?? [x, y];
        const far = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY)));
        for (let i = 0; i <= far; i++) dab(fromX + ((x - fromX) * i) / far, fromY + ((y - fromY) * i) / far);
        last = [x, y];
        empty = false;
    };
    const send = async () => {
        const mask = new OffscreenCanvas(side, side),
            to = mask.getContext("2d"),
            from = pen.getImageData(0, 0, side, side);
        for (let i = 0; i < from.data.length; i += 4) {
            const kept = from.data[i + 3] === 0 ? 255 : 0;
            from.data.set([kept, kept, kept, 255], i);
        }
        to.putImageData(from, 0, 0);
        const name = await tried(async () => upload(await mask.convertToBlob({ type: "image/png" }), "picture"));
        if (name) changed((value = name));
    };
    canvas.addEventListener("pointerdown", (event) => {
        drawing = true;
        last = null;
        canvas.setPointerCapture(event.pointerId);
        stroke(at(event));
    });
    canvas.addEventListener("pointermove", (event) => {
        if (drawing) stroke(at(event));
    });
    canvas.addEventListener("pointerup", () => {
        if (drawing) {
            drawing = false;
            send();
        }
    });
    const clear = () => {
        pen.clearRect(0, 0, side, side);
        empty = true;
        value = "";
        changed("");
    };
    const show = () => {
        const name = pictureOf();
        picture.hidden = !name;
        if (name) picture.src = uploadUrl(name);
    };
    if (value) {
        const earlier = new Image();
        earlier.addEventListener("load", () => {
            pen.drawImage(earlier, 0, 0, side, side);
            const data = pen.getImageData(0, 0, side, side);
            for (let i = 0; i < data.data.length; i += 4) data.data.set(data.data[i] > 127 ? [0, 0, 0, 0] : [215, 38, 61, 255], i);
            pen.putImageData(data, 0, 0);
            empty = false;
        });
        earlier.src = uploadUrl(value);
    }
    show();
    return {
        element: el(
            "div",
            {},
            el("div.paint", {}, picture, canvas),
            el("div.row", {}, el("span.quiet", {}, "Brush"), width, el("button.small", { type: "button", onclick: clear }, "Clear")),
        ),
        value: () => (empty ? "" : (value ?? "")),
        show,
    };
}
