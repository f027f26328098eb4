// What the browser keeps, where it does: one that keeps nothing throws, and then it lasts until the page is loaded anew.

/** @typedef {"localStorage" | "sessionStorage"} Place for good, or until the tab is closed */

/** @type {Map<string, string | null>} */
const memory = new Map();

/** What was kept; null without such. @param {Place} place @param {string} key @returns {string | null} */
export function stored(place, key) {
	const known = memory.get(`${place} ${key}`);
	if (known !== undefined) return known;
	try {
		return globalThis[place].getItem(key);
	} catch {
		return null;
	}
}

/** @param {Place} place @param {string} key @param {string | null} value null: nothing is kept any more */
export function store(place, key, value) {
	try {
		if (value === null) globalThis[place].removeItem(key);
		else globalThis[place].setItem(key, value);
		memory.delete(`${place} ${key}`);
	} catch {
		memory.set(`${place} ${key}`, value);
	}
}
