// The client against the service at DENSELY_URL, with its bundled models and a worker.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Densely, InvalidInput, InvalidTransition, NotFound, Run } from "../densely.js";

const densely = new Densely({ url: process.env.DENSELY_URL });
const SHORT = /** @type {const} */ ({ dataset: "sample", activate: "never", seed: 1 });

test("every task's examples are answered, one by one and together", async () => {
	const tasks = await densely.tasks();
	assert.ok(tasks.length >= 5);
	for (const { name } of tasks) {
		const { examples, active_model: active, answer } = await densely.task(name);
		const inputs = examples.map((one) => one.input);
		const [first] = inputs;
		const one = await densely.predict(name, first, { explain: true });
		assert.equal(one.model.id, active?.id);
		const isOne = "labels" in answer ? answer.labels.includes(/** @type {never} */ (one.label)) : one.value;
		assert.equal(typeof isOne, "labels" in answer ? "boolean" : "number");
		assert.notEqual(isOne, false);
		const { explanation, ...bare } = one;
		assert.ok(explanation);
		const several = await densely.predict(name, inputs);
		assert.equal(several.length, inputs.length);
		assert.deepEqual(several[0], bare);
	}
});

test("more inputs than one request takes are answered in their order", async () => {
	const tones = Array.from({ length: 10_050 }, (_, place) => ({ point: [place % 2 ? 2 : -1, place % 2 ? -1 : 1] }));
	const found = await densely.predict("planar", tones);
	assert.equal(found.length, tones.length);
	assert.deepEqual(found.map((one) => one.label), tones.map((_, place) => place % 2));
	const wrong = [...tones, { point: [0] }];
	await assert.rejects(densely.predict("planar", wrong), (error) => {
		assert.ok(error instanceof InvalidInput);
		return error.errors[0].field.startsWith("instances.10050.point");
	});
});

test("an input is encoded and decoded", async () => {
	const { encoding } = await densely.encode("sentiment", { text: "Not bad!" });
	const { decoding } = await densely.decode("sentiment", { ids: encoding.ids });
	assert.match(decoding.text, /not bad/);
});

test("a run is trained, watched, listed, and its model activated and taken along", async () => {
	const key = `key-${Date.now()}`;
	const run = await densely.train("planar", { ...SHORT, name: "js", recipe: { epochs: 20 }, idempotencyKey: key });
	const preview = await densely.preview("planar", { ...SHORT, name: "js", recipe: { epochs: 20 } });
	assert.deepEqual([preview.recipe.epochs, preview.input], [20, [2]]);
	const again = await densely.train("planar", { ...SHORT, name: "js", recipe: { epochs: 20 }, idempotencyKey: key });
	assert.equal(again.id, run.id);
	/** @type {Record<string, number>} */
	const counts = {};
	const done = await run.wait({ onEvent: ({ type }) => (counts[type] = (counts[type] ?? 0) + 1) });
	assert.ok(done === run && run instanceof Run);
	assert.equal(counts.epoch, 20);
	assert.ok(counts.log > 0 && counts.status >= 3);
	assert.equal(run.status, "succeeded");
	assert.equal((await run.history()).length, 20);
	assert.deepEqual(
		(await run.history({ every: 10 })).map(({ epoch }) => epoch),
		[1, 10, 20],
	);
	const listed = await densely.runs({ task: "planar", limit: 1 });
	assert.deepEqual(listed[0].data, (await densely.run(run.id)).data);

	const model = await run.model();
	assert.ok(model && model.dataset_is_sample);
	const before = (await densely.task("planar")).active_model;
	assert.equal((await densely.activate("planar", model.id)).active, true);
	assert.equal((await densely.activate("planar", before?.id ?? "")).id, before?.id);
	const [latest] = await densely.activations("planar", { limit: 1 });
	assert.deepEqual([latest.model_id, latest.previous_model_id], [before?.id, model.id]);
	assert.ok((await densely.file(`models/${model.id}/archive`)).size > 1000);
	assert.equal((await densely.models({ task: "planar" }))[0].id, model.id);
});

test("runs are found, changed and tidied", async () => {
	const run = await densely.train("planar", { dataset: "sample", activate: "never", name: "Größer", seed: 1 });
	await run.cancel().catch(() => run.wait());
	const changed = await run.update({ tags: { why: "js" }, note: "two\nlines" });
	assert.deepEqual([changed.data.name, changed.data.tags.why, changed.data.note], ["Größer", "js", "two\nlines"]);
	assert.equal((await densely.updateRun(run.id, { name: null })).data.name, null);
	const rows = await densely.runRows({ q: "TWO", tag: "why:js", sort: "-score", limit: 1 });
	assert.equal(rows.items[0].id, run.id);
	assert.ok(rows.total >= 1);
	const refused = await densely.actOnRuns("delete", [run.id, "r-none"], { models: true, dry_run: true });
	assert.ok(refused.refused.some(({ run: id, status }) => id === "r-none" && status === 404));
	await run.wait().catch(() => {});
	assert.deepEqual((await densely.actOnRuns("archive", [run.id])).done, [run.id]);
	assert.deepEqual(await densely.runs({ tag: "why:js", q: run.id }), []);
	assert.equal((await densely.runs({ archived: "true", q: run.id })).length, 1);
});

test("events of all runs go on after one that was seen", async () => {
	const run = await densely.train("planar", { ...SHORT, recipe: { epochs: 1 } });
	await run.wait();
	const ids = [];
	for await (const { id, run_id: of, type } of densely.events({ lastEventId: 0 })) {
		ids.push(Number(id));
		if (of === run.id && type === "status") break;
	}
	for await (const { id } of densely.events({ lastEventId: ids[0] })) {
		assert.equal(Number(id), ids[1]);
		break;
	}
});

test("a run is cancelled and retried", async () => {
	const run = await densely.train("planar", { ...SHORT, recipe: { epochs: 10_000 }, seeds: 20 });
	await run.cancel();
	await assert.rejects(run.wait(), { name: "RunCancelled" });
	const next = await run.retry();
	assert.equal(next.data.retry_of, run.id);
	await next.cancel();
	await assert.rejects(next.wait(), { name: "RunCancelled" });
	await assert.rejects(next.cancel(), InvalidTransition);
});

test("what is not there, and what does not fit, is told by class and field", async () => {
	await assert.rejects(densely.run("r-nobody"), NotFound);
	await assert.rejects(densely.train("planar", { recipe: { epochs: 0 } }), (error) => {
		assert.ok(error instanceof InvalidInput && error.requestId);
		return error.errors[0].field === "recipe.epochs";
	});
});
