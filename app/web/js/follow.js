// Follows a run by its event stream.

import { fetched, get, pause } from "./api.js";

export const isFinal = (run) => !["queued", "running"].includes(run.status);

/**
 * Calls `on(type, data, at)` for each event of the run from the first on, `settled()` after it, and `connected` with
 * whether there is a connection; returns at the run's end.
 */
export async function follow(runId, on, settled, connected, signal) {
	const path = `runs/${runId}/events`;
	for (let last = 0; ; ) {
		try {
			const { body } = await fetched(path, { signal, headers: { Accept: "text/event-stream", "Last-Event-ID": String(last) } });
			connected(true);
			for await (const event of body ? eventsOf(body) : []) {
				last = event.id ?? last;
				on(event.event, event.data, event.data.at);
				settled();
			}
			if (isFinal(await get(`runs/${runId}`, signal))) { // the last log may come later
				for (const { type, data, at } of (await get(`${path}?limit=500&cursor=${last}`, signal)).items) on(type, data, at);
				return;
			}
		} catch (error) {
			if (signal.aborted || (error.status && !error.passing)) throw error;
			connected(false);
		}
		await pause(1000, signal); // then go on after the last event
	}
}

/** The events of a stream, {id, event, data}, as they come in; comments are heartbeats. */
export async function* eventsOf(body) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		const blocks = (rest + value).split("\n\n");
		rest = blocks.pop();
		for (const block of blocks) {
			const event = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
			if (event.data) yield { ...event, data: JSON.parse(event.data) };
		}
	}
}
