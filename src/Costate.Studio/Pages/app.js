import { el, toast } from "./dom.js";
import * as api from "./api.js";
import { form } from "./form.js";
import { jobView } from "./job.js";

// The token has become a cookie; it need not stand in the address bar, nor in what is copied from it.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

const known = { about: null, jobs: new Map(), drafts: new Map() };
let shown = { page: null, id: null, view: null };

const place = (id) => document.getElementById(id);
const pageOf = (kind) => known.about.forms.find((f) => f.kind === kind);
const newest = (kind) => [...known.jobs.values()].filter((job) => job.kind === kind).sort((a, b) => (a.id < b.id ? 1 : -1))[0];

function route() {
    const [kind, id] = location.hash.replace(/^#\/?/, "").split("/");
    const page = pageOf(kind) ?? known.about.forms[0];
    const job = id ? known.jobs.get(id) : newest(page.kind);
    const turned = shown.page !== page.kind;
    shown = { page: page.kind, id: job?.id ?? null, view: null };
    document.title = `${page.title} – Costate studio`;
    for (const link of place("nav").children) link.classList.toggle("here", link.hash === `#/${page.kind}`);
    if (turned) fillIn(page, known.drafts.get(page.kind) ?? job?.values ?? {});
    showJob();
    showJobs();
}

function fillIn(page, values) {
    place("form").replaceChildren(
        form(page, known.about, values, async (filled) => {
            known.drafts.set(page.kind, filled);
            const job = await api.tried(() => api.start(page.kind, filled));
            if (job) {
                // It may have been told of before, and have begun.
                if (!known.jobs.has(job.id)) known.jobs.set(job.id, job);
                location.hash = `#/${page.kind}/${job.id}`;
                if (shown.id !== job.id) route();
            }
        }),
    );
}

function showJob() {
    const job = known.jobs.get(shown.id);
    if (!job) {
        place("stage").replaceChildren(el("div.card.empty", {}, "Fill in the form and run it. What it makes will move here."));
        return;
    }
    const page = pageOf(job.kind);
    const others = [...known.jobs.values()]
        .filter((other) => other.id !== job.id && other.state === "Done" && other.kind !== "study")
        .slice(0, 40)
        .flatMap((other) =>
            other.files
                .filter((name) => name.endsWith(".png") && !/sheet|strip|loss/.test(name))
                .slice(0, 4)
                .map((name) => ({ url: api.fileUrl(other.id, name), name: `${other.kind} ${other.id.slice(9, 15)} ${name}` })),
        );
    shown.view = jobView(job, page, { others, again: () => fillIn(page, job.values) });
    place("stage").replaceChildren(shown.view.element);
}

function showJobs() {
    const all = [...known.jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    place("jobs").replaceChildren(
        el("h2", {}, all.length ? "Jobs" : ""),
        ...all.map((job) =>
            el(
                shown.id === job.id ? "a.job.here" : "a.job",
                { href: `#/${job.kind}/${job.id}` },
                el(
                    "div.row.spread",
                    {},
                    el("b", {}, pageOf(job.kind)?.title ?? job.kind),
                    el(`span.state.${job.state}`, {}, job.state.toLowerCase()),
                ),
                el("span.what", {}, job.values.prompt || job.values.task || job.values.study || new Date(job.made).toLocaleTimeString()),
            ),
        ),
    );
}

function jobChanged(job) {
    known.jobs.set(job.id, job);
    if (job.id === shown.id) showJob();
    showJobs();
}

function theme() {
    const root = document.documentElement;
    const isDark =
        root.classList.contains("dark") || (!root.classList.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);
    root.classList.remove("dark", "light");
    root.classList.add(isDark ? "light" : "dark");
    localStorage.setItem("theme", isDark ? "light" : "dark");
}

async function refresh() {
    const { jobs, progress } = await api.jobs();
    known.jobs = new Map(jobs.map((job) => [job.id, job]));
    route();
    if (progress && progress.id === shown.id) shown.view?.tell(progress);
}

try {
    const chosen = localStorage.getItem("theme");
    if (chosen) document.documentElement.classList.add(chosen);
    place("theme").addEventListener("click", theme);
    known.about = await api.about();
    place("nav").append(...known.about.forms.map((f) => el("a", { href: `#/${f.kind}` }, f.title)));
    await refresh();
    addEventListener("hashchange", route);
    let lost = false;
    api.listen(
        {
            job: jobChanged,
            deleted: ({ id }) => {
                known.jobs.delete(id);
                if (shown.id === id) location.hash = `#/${shown.page}`;
                route();
            },
            progress: (now) => {
                if (now.id === shown.id) shown.view?.tell(now);
            },
            hello: () => {
                if (lost) refresh();
                lost = false;
            },
        },
        (isThere) => {
            lost ||= !isThere;
            place("link").textContent = isThere ? "" : "The studio does not answer. Is it still running?";
        },
    );
} catch (error) {
    toast(error.message);
}
