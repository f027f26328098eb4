// Routes: `#/try/<task>`, `#/runs`, `#/runs/new`, `#/runs/<id>`, `#/compare/<ids>`, `#/models`, `#/models/<id>`.

import { apiKey, openapi, setApiKey } from "./api.js";
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
		if (link.dataset.tab === (tab === "compare" ? "runs" : tab)) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
	const place = h("div");
	try {
		const view = await load(rest);
		if (signal.aborted) return;
		put(main, place);
		await view.show(place, rest, signal);
	} catch (error) {
		if (signal.aborted || error.name === "AbortError") return;
		put(main, h("div.stack", title("That did not work"),
			alertLine(error.message), h("p", h("a", { href: "#/try/sentiment" }, "To the start"))));
	}
	if (signal.aborted) return;
	const heading = main.querySelector("h1");
	document.title = heading ? `${heading.textContent} · Densely` : "Densely";
	if (!first) { heading?.focus({ preventScroll: true }); scrollTo(0, 0); }
	first = false;
}

/** Asks for an API key; it is kept until the browser's tab is closed. */
async function askForKey() {
	if (document.querySelector("dialog")) return;
	const field = h("input", { type: "password", autocomplete: "off", value: apiKey() });
	const content = [h("p.soft", "This service asks for a key. It is kept in this tab only, and sent as Authorization: Bearer."), h("label", "Key", field)];
	if (!(await confirmed("API key", content, "Use it", "Not now"))) return;
	setApiKey(field.value.trim());
	show();
}

const keyButton = document.getElementById("key");
keyButton.hidden = true;
on(keyButton, "click", askForKey);
addEventListener("keyneeded", askForKey);
addEventListener("hashchange", show);
openapi().then((description) => { keyButton.hidden = !description.security && !apiKey(); }, () => {});
show();
