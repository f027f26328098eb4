// The tasks as tabs, the newest state of the service: a task that is made or removed elsewhere comes or goes here too.

import { densely, pause } from "./api.js";
import { button, h, on, put, say } from "./dom.js";

/** @import { Task } from "../../client/densely.js" */

const [MOST, FEW] = [9, 4]; // tabs of a wide and a narrow window; the other tasks are in a list
const EVERY = 3000; // ms between two looks while the page is seen

/**
 * @param {"try" | "data"} view
 * @param {Task[]} tasks
 * @param {Task} chosen
 * @param {AbortSignal} signal
 */
export function taskBar(view, tasks, chosen, signal) {
	const node = h("nav.subnav", { label: "Tasks" });
	const draw = (/** @type {Task[]} */ found) => put(node, content(view, found, chosen));
	draw(tasks);
	watch(tasks, chosen, draw, signal).catch(() => {}); // it fails when the view is left
	return node;
}

/** @param {string} view @param {Task[]} tasks @param {Task} chosen */
function content(view, tasks, chosen) {
	const link = (/** @type {Task} */ task) => {
		const current = task.name === chosen.name ? "page" : null;
		return h("a", { href: `#/${view}/${task.name}`, "aria-current": current }, task.title);
	};
	const most = matchMedia("(max-width:40rem)").matches ? FEW : MOST;
	const isShown = (/** @type {Task} */ task, /** @type {number} */ place) => place < most || task.name === chosen.name;
	const rest = tasks.filter((task, place) => !isShown(task, place));
	return [
		tasks.filter(isShown).map(link),
		rest.length > 0 && others(rest, view),
		h("a.add", { href: "#/new" }, h("span", { "aria-hidden": "true" }, "+ "), "New task"),
	];
}

/** @param {Task[]} tasks @param {string} view */
function others(tasks, view) {
	const list = h(
		"ul.menu",
		tasks.map((task) => h("li", h("a", { href: `#/${view}/${task.name}` }, task.title))),
	);
	const show = (/** @type {boolean} */ isOpen) => {
		list.hidden = !isOpen;
		open.setAttribute("aria-expanded", String(isOpen));
	};
	const open = button(`${tasks.length} more`, () => show(list.hidden));
	show(false);
	const node = h("span.more", open, list);
	on(node, "focusout", ({ relatedTarget }) => node.contains(relatedTarget) || show(false));
	on(node, "keydown", ({ key }) => {
		if (key !== "Escape") return;
		show(false);
		open.focus();
	});
	return node;
}

/** What is shown of the tasks. @param {Task[]} tasks */
const keyOf = (tasks) => JSON.stringify(tasks.map(({ name, title }) => [name, title]));

/**
 * Looks again and again, and when the page is looked at again, until the view is left.
 *
 * @param {Task[]} tasks
 * @param {Task} chosen
 * @param {(tasks: Task[]) => void} draw
 * @param {AbortSignal} signal
 */
async function watch(tasks, chosen, draw, signal) {
	let key = keyOf(tasks);
	while (!signal.aborted) {
		await Promise.race([pause(EVERY, signal), seenAgain(signal)]);
		if (document.hidden) continue;
		const found = await densely.tasks({ signal }).catch(() => null);
		signal.throwIfAborted();
		if (!found) continue;
		const now = found.find((task) => task.name === chosen.name);
		if (!now || (!chosen.active_model && now.active_model)) {
			if (!now) say(`The task ${chosen.title} was removed`);
			dispatchEvent(new Event("hashchange")); // shows all anew
			return;
		}
		if (key === keyOf(found)) continue;
		key = keyOf(found);
		draw(found);
	}
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
const seenAgain = (signal) =>
	new Promise((resolve) => {
		addEventListener("focus", () => resolve(), { once: true, signal });
		document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
	});
