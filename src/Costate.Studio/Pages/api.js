import { toast } from "./dom.js";

async function answer(response) {
    if (!response.ok) throw new Error((await response.text()) || `The studio answered ${response.status}.`);
    return response.status === 204 ? null : response.json();
}

const ask = async (path, options) => answer(await fetch(path, options));

export const about = () => ask("/api/studio");
export const jobs = () => ask("/api/jobs");
export const start = (kind, values) =>
    ask("/api/jobs", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ kind, values }),
    });
export const cancel = (id) => ask(`/api/jobs/${id}/cancel`, { method: "POST" });
export const remove = (id) => ask(`/api/jobs/${id}`, { method: "DELETE" });
export const upload = async (file, kind) => (await ask(`/api/uploads?kind=${kind}`, { method: "POST", body: file })).name;
export const uploadUrl = (name) => `/api/uploads/${name}`;
export const fileUrl = (id, name) => `/api/jobs/${id}/files/${name.split("/").map(encodeURIComponent).join("/")}`;
export const file = (id, name) => ask(fileUrl(id, name));

// Says in the page what went wrong, and gives null.
export async function tried(work) {
    try {
        return await work();
    } catch (error) {
        toast(error.message);
        return null;
    }
}

export function listen(handlers, linked) {
    const source = new EventSource("/api/events");
    source.addEventListener("open", () => linked(true));
    source.addEventListener("error", () => linked(false));
    for (const [type, handle] of Object.entries(handlers)) {
        source.addEventListener(type, (event) => handle(JSON.parse(event.data)));
    }
}
