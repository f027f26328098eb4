// Routes: `#/try/<task>`, `#/new`, `#/data/<task>`, `#/data/<task>/<dataset>`, `#/runs`, `#/runs/new`, `#/runs/<id>`,
// `#/compare/<ids>`, `#/sweeps`, `#/sweeps/new`, `#/sweeps/<id>`, `#/models`, `#/models/<id>`.

import { ServiceUnreachable } from "../../client/densely.js";
import { apiKey, densely, openapi, pause, setApiKey } from "./api.js";
import { alertLine, byId, confirmed, h, on, put, say } from "./dom.js";
import { watchVersion } from "./outdated.js";
import { installShortcuts, showShortcuts } from "./shortcuts.js";
import { standIn } from "./skeleton.js";
import { failed, strange } from "./strange.js";

/** @typedef {{ show(place: HTMLElement, route: string[], signal: AbortSignal): Promise<void> }} View */

/** @type {Record<string, (route: string[]) => Promise<View>>} */
const VIEWS = {
	try: () => import("./try.js"),
	new: () => import("./new.js"),
	data: ([, part]) => (part ? import("./dataset.js") : import("./data.js")),
	runs: ([part]) => (part === "new" ? import("./launch.js") : part ? import("./run.js") : import("./runs.js")),
	compare: () => import("./compare.js"),
	sweeps: ([part]) => (part === "new" ? import("./search.js") : part ? import("./sweep.js") : import("./sweeps.js")),
	models: ([part]) => (part ? import("./model.js") : import("./models.js")),
};
/** How many parts an address of each may have after its first. @type {Record<string, number>} */
const PARTS = { try: 1, new: 0, data: 2, runs: 1, compare: 1, sweeps: 1, models: 1 };
const main = byId("main");
const keyButton = byId("key");
let leave = new AbortController();
let isFirst = true;
let isTyped = false; // something, since the view is shown
let isShown = false; // the view, and not why it could not be

/** Shows the view of the address: it gets its element, the rest of the route, and a signal of when it is left. */
async function show() {
	if (location.hash === "#main") return; // the link that skips to the content
	const [tab, ...rest] = location.hash.replace(/^#\/?/, "").split("?")[0].split("/");
	if (!tab) {
		location.replace("#/try");
		return;
	}
	leave.abort();
	leave = new AbortController();
	const { signal } = leave;
	mark({ compare: "runs", new: "data" }[tab] ?? tab);
	isTyped = isShown = false;
	if (Object.hasOwn(PARTS, tab) && rest.length <= PARTS[tab]) await fill(tab, rest, signal);
	else put(main, strange(location.hash));
	if (signal.aborted) return;
	const heading = main.querySelector("h1");
	document.title = `${heading?.textContent} · Densely`;
	if (!isFirst) {
		heading?.focus({ preventScroll: true });
		scrollTo(0, 0);
	}
	isFirst = false;
	dispatchEvent(new Event("viewshown"));
}

/** @param {string} tab */
function mark(tab) {
	for (const link of document.querySelectorAll("[data-tab]")) {
		link.ariaCurrent = link.getAttribute("data-tab") === tab ? "page" : null;
	}
}

/** @param {string} tab @param {string[]} route @param {AbortSignal} signal */
async function fill(tab, route, signal) {
	const place = h("div");
	put(main, place);
	const done = standIn(place, tab, route);
	signal.addEventListener("abort", done);
	try {
		const view = await VIEWS[tab](route).catch((cause) => {
			throw new ServiceUnreachable("a part of the page did not come", {
				cause,
			});
		});
		if (signal.aborted) return;
		await view.show(place, route, signal);
		isShown = true;
	} catch (/** @type {any} */ error) {
		if (signal.aborted) return;
		put(main, failed(error, tab));
		if (error.isPassing) reloadWhenBack(signal).catch(() => {});
	} finally {
		done();
	}
}

/** Not every browser asks again for a module that did not come: the page is loaded anew. @param {AbortSignal} signal */
async function reloadWhenBack(signal) {
	let isBack = false;
	while (!isBack) {
		await pause(2000, signal);
		isBack = await densely.get("health/ready", {}, { signal }).then(
			() => true,
			(error) => !error.isPassing,
		);
	}
	location.reload();
}

/** Asks for an API key, which is kept until the browser's tab is closed. @param {string} [refusal] what the service said */
async function askForKey(refusal) {
	if (document.querySelector("dialog")) return;
	keyButton.hidden = false;
	const field = h("input", {
		type: "password",
		autocomplete: "off",
		value: apiKey(),
	});
	const content = [
		refusal && apiKey() && alertLine(`This key was not accepted: ${refusal}`),
		h("p.soft", "This service asks for a key. It is kept in this tab only, and sent as Authorization: Bearer."),
		h("label", "Key", field),
	];
	if (!(await confirmed("API key", content, "Use it", "Not now"))) return;
	setApiKey(field.value.trim());
	// What is typed is not lost for a key.
	if (isShown && isTyped) say("The key is taken. Do again what was refused.");
	else show();
}

keyButton.hidden = true;
on(keyButton, "click", () => askForKey());
addEventListener("keyneeded", (event) => askForKey(/** @type {CustomEvent} */ (event).detail));
on(main, "input", () => {
	isTyped = true;
});
on(byId("shortcuts"), "click", showShortcuts);
installShortcuts();
watchVersion(() => isTyped);
addEventListener("hashchange", () => {
	const isFollowed = !dispatchEvent(new CustomEvent("routechange", { cancelable: true })); // the view follows it by itself
	if (!isFollowed) show();
});
openapi().then(
	(description) => {
		keyButton.hidden = !description.security && !apiKey();
	},
	() => {},
);
show();
