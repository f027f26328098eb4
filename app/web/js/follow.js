// Follows a run by its event stream, or by polling where the service has none.

import { fetched, get, pause } from "./api.js";

const FINAL = ["succeeded", "failed", "cancelled"];
const POLL = 400; // milliseconds

export const isFinal = (run) => FINAL.includes(run.status);

/** Calls `on(type, data, at)` for each event of the run from the first on, and `settled()` after some; returns at its end. */
export async function follow(runId, on, settled, signal) {
	const path = `runs/${runId}/events`;
	let last = null;
	for (let failures = 0; ;) {
		try {
			const headers = { Accept: "text/event-stream", ...(last === null ? {} : { "Last-Event-ID": String(last) }) };
			const answer = await fetched(path, { signal, headers });
			failures = 0;
			if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return await poll(runId, on, settled, signal);
			for await (const event of eventsOf(answer.body)) {
				if (event.id !== null) last = event.id;
				on(event.type, event.data, event.data.at);
				settled();
			}
			// The last log may come after the final status.
			if (isFinal(await get(`runs/${runId}`, signal))) return await poll(runId, on, settled, signal, Number(last) || 0);
		} catch (error) {
			if (signal.aborted || (error.status >= 400 && error.status < 500) || ++failures > 20) throw error;
		}
		await pause(500, signal); // the connection broke: resume after the last event
	}
}

/** The events of a stream, {id, type, data}, as they come in; comments are heartbeats. */
export async function* eventsOf(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		const blocks = (rest + value).split(/\r?\n\r?\n/);
		rest = blocks.pop();
		for (const block of blocks) {
			const event = { id: null, type: "message", data: [] };
			for (const line of block.split(/\r?\n/)) {
				const colon = line.indexOf(":");
				const [name, text] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
				if (name === "id") event.id = text;
				else if (name === "event") event.type = text;
				else if (name === "data") event.data.push(text);
			}
			if (event.data.length) yield { ...event, data: JSON.parse(event.data.join("\n")) };
		}
	}
}

async function poll(runId, on, settled, signal, cursor = 0) {
	for (;;) {
		const run = await get(`runs/${runId}`, signal); // before its events: what ended it is among them then
		let page;
		do {
			page = await get(`runs/${runId}/events?limit=500&cursor=${cursor}`, signal);
			for (const event of page.items) {
				on(event.type, event.data, event.at);
				cursor = event.id;
			}
		} while (page.next !== null);
		on("status", { status: run.status, run }, run.created_at);
		settled();
		if (isFinal(run)) return;
		await pause(POLL, signal);
	}
}
