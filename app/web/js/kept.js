// What was typed or drawn, kept while the browser's tab is open: going back, or to another view, loses nothing.

const MOST = 1_000_000; // characters that are kept beyond a reload of the page; what is longer, until then

/** @type {Map<string, unknown>} */
const memory = new Map();

/** @param {string} task @param {string} part */
const keyOf = (task, part) => `densely-try:${task}:${part}`;

/** @param {string} task @param {string} part which of its things @param {unknown} value as JSON takes it */
export function keep(task, part, value) {
	const key = keyOf(task, part);
	memory.set(key, value);
	try {
		const text = JSON.stringify(value);
		if (text.length <= MOST) sessionStorage.setItem(key, text);
		else sessionStorage.removeItem(key);
	} catch {
		// A browser that keeps nothing, or nothing more: the memory has it.
	}
}

/** What was kept of a task; undefined without such. @param {string} task @param {string} part @returns {any} */
export function kept(task, part) {
	const key = keyOf(task, part);
	if (memory.has(key)) return memory.get(key);
	try {
		return JSON.parse(sessionStorage.getItem(key) ?? "null") ?? undefined;
	} catch {
		return undefined;
	}
}
