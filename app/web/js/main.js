// Routes: `#/try/<task>`, `#/runs`, `#/runs/new`, `#/runs/<id>`, `#/compare/<ids>`, `#/models`, `#/models/<id>`.

import { apiKey, get, openapi, pause, Problem, setApiKey } from "./api.js";
import { alertLine, confirmed, h, on, put, title } from "./dom.js";

const VIEWS = {
	try: () => import("./try.js"),
	runs: ([part]) => (part === "new" ? import("./launch.js") : part ? import("./run.js") : import("./runs.js")),
	compare: () => import("./compare.js"),
	models: ([part]) => (part ? import("./model.js") : import("./models.js")),
};
const main = document.getElementById("main");
let leave = new AbortController();
let first = true;

/** Shows the view of the address: it gets its element, the rest of the route, and a signal of when it is left. */
async function show() {
	if (location.hash === "#main") return; // the link that skips to the content
	const [tab, ...rest] = location.hash.replace(/^#\//, "").split("?")[0].split("/");
	const load = VIEWS[tab];
	if (!load) { location.replace("#/try/sentiment"); return; }
	leave.abort();
	leave = new AbortController();
	const { signal } = leave;
	for (const link of document.querySelectorAll("[data-tab]")) {
		link.ariaCurrent = link.dataset.tab === (tab === "compare" ? "runs" : tab) ? "page" : null;
	}
	const place = h("div");
	try {
		const view = await load(rest).catch(() => { throw new Problem(0, { detail: "The service does not answer." }); });
		if (signal.aborted) return;
		put(main, place);
		await view.show(place, rest, signal);
	} catch (error) {
		if (signal.aborted) return;
		put(main, h("div.stack", title("That did not work"), alertLine(error.told ?? error.message)));
		if (error.passing) reloadWhenBack(signal).catch(() => {});
	}
	if (signal.aborted) return;
	const heading = main.querySelector("h1");
	document.title = `${heading.textContent} · Densely`;
	if (!first) { heading.focus({ preventScroll: true }); scrollTo(0, 0); }
	first = false;
}

/** Not every browser asks again for a module that did not come: the page is loaded anew. */
async function reloadWhenBack(signal) {
	for (;;) {
		await pause(2000, signal);
		if (await get("health/ready", signal).then(() => true, (error) => !error.passing)) { location.reload(); return; }
	}
}

/** Asks for an API key, which is kept until the browser's tab is closed; `refusal` is what the service said. */
async function askForKey(refusal) {
	if (document.querySelector("dialog")) return;
	keyButton.hidden = false;
	const field = h("input", { type: "password", autocomplete: "off", value: apiKey() });
	const content = [refusal && apiKey() && alertLine(`This key was not accepted: ${refusal}`), h("p.soft", "This service asks for a key. It is kept in this tab only, and sent as Authorization: Bearer."), h("label", "Key", field)];
	if (!(await confirmed("API key", content, "Use it", "Not now"))) return;
	setApiKey(field.value.trim());
	show();
}

const keyButton = document.getElementById("key");
keyButton.hidden = true;
on(keyButton, "click", () => askForKey());
addEventListener("keyneeded", (event) => askForKey(event.detail));
addEventListener("hashchange", show);
openapi().then((description) => { keyButton.hidden = !description.security && !apiKey(); }, () => {});
show();
