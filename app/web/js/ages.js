// How long ago something was, and when exactly.

const MINUTE = 60; // seconds
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MOST_DAYS = 30; // older ones are told by their date
const TICK = 15_000; // ms between two looks at the ages on the page

/** `3 min ago`, `in 2 h`; a date where that says more. @param {Date} at @param {number} [now] ms since 1970 */
export function ageOf(at, now = Date.now()) {
	const past = (now - at.getTime()) / 1000;
	const seconds = Math.abs(past);
	if (seconds < 45) return past >= 0 ? "just now" : "in a moment";
	if (seconds >= MOST_DAYS * DAY) return at.toLocaleDateString("en-GB", { dateStyle: "medium" });
	const words = wordsOf(seconds);
	return past > 0 ? `${words} ago` : `in ${words}`;
}

/** @param {number} seconds */
function wordsOf(seconds) {
	if (seconds < 0.9 * HOUR) return `${Math.max(1, Math.round(seconds / MINUTE))} min`;
	if (seconds < 0.95 * DAY) return `${Math.max(1, Math.round(seconds / HOUR))} h`;
	const days = Math.round(seconds / DAY);
	return `${days} day${days === 1 ? "" : "s"}`;
}

/** The moment to the second, with the zone. @param {Date} at */
export const exactly = (at) => at.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "long" });

let isTicking = false;

/** Keeps the ages on the page true, from now on. */
export function tick() {
	if (isTicking) return;
	isTicking = true;
	setInterval(() => {
		for (const time of document.querySelectorAll("time[data-age]")) {
			const age = ageOf(new Date(/** @type {HTMLTimeElement} */ (time).dateTime));
			if (time.textContent !== age) time.textContent = age; // what is selected on the page stays so
		}
	}, TICK);
}
