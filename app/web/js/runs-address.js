// What the Runs view shows, as its address tells it: `#/runs?q=imdb&since=7d&sort=-score`.

/** @import { RunData } from "../../client/densely.js" */
/** @typedef {Record<string, string>} Asked by name of FIELDS; what is empty stands for what is usual */

export const FIELDS = [
	"q",
	"task",
	"status",
	"dataset",
	"preset",
	"sweep",
	"tag",
	"since",
	"until",
	"archived",
	"trials",
	"sort",
	"cursor",
];

/** Those that leave runs out, or let more in. */
export const FILTERS = FIELDS.filter((name) => !["sort", "cursor"].includes(name));
export const SORT = "-created"; // the usual one
const DAY = 864e5; // ms

/** What the address asks for. @param {string} [hash] @returns {Asked} */
export function readAddress(hash = location.hash) {
	const given = new URLSearchParams(hash.split("?").slice(1).join("?"));
	return Object.fromEntries(FIELDS.map((name) => [name, (given.get(name) ?? "").trim()]));
}

/** The address of what is asked for, without what is usual. @param {Asked} asked */
export function addressOf(asked) {
	const given = FIELDS.filter((name) => asked[name] && !(name === "sort" && asked[name] === SORT));
	const query = new URLSearchParams(given.map((name) => [name, asked[name]])).toString();
	return `#/runs${query && `?${query}`}`;
}

/** The same as the service takes it. A sweep's runs are its trials. @param {Asked} asked */
export const queryOf = ({ since, until, trials, sweep, ...asked }) => ({
	...asked,
	sweep,
	since: beginOf(since),
	until: endOf(until),
	trials: Boolean(trials || sweep),
});

/** Whether a run may be one of those that are asked for, as far as that is easy to see. @param {RunData} run @param {Asked} asked */
export function concerns(run, asked) {
	const names = /** @type {const} */ (["task", "status", "dataset", "preset", "sweep"]);
	const isOther = names.some((name) => asked[name] && asked[name] !== run[name]);
	return !isOther && (!run.trial || Boolean(asked.trials || asked.sweep));
}

/** The moment from which on: a day's beginning here, or so many days ago. @param {string} since @param {number} [now] */
export function beginOf(since, now = Date.now()) {
	const days = /^(\d{1,4})d$/.exec(since)?.[1];
	if (days) return new Date(now - Number(days) * DAY).toISOString();
	return since === "today" ? midnightOf(new Date(now)) : midnightOf(new Date(`${since}T00:00`));
}

/** Where a day here is over: that moment is not of it any more. @param {string} until */
function endOf(until) {
	const at = new Date(`${until}T00:00`);
	at.setDate(at.getDate() + 1);
	return midnightOf(at);
}

/** @param {Date} at */
function midnightOf(at) {
	at.setHours(0, 0, 0, 0);
	return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
