// Checks a value against the part of JSON Schema that /openapi.json uses.

const KINDS = {
	string: (value) => typeof value === "string",
	number: (value) => typeof value === "number",
	integer: (value) => Number.isInteger(value),
	boolean: (value) => typeof value === "boolean",
	null: (value) => value === null,
	array: Array.isArray,
	object: isObject,
};
const LIMITS = [
	["minimum", (value, limit) => value >= limit, "at least"],
	["maximum", (value, limit) => value <= limit, "at most"],
	["exclusiveMinimum", (value, limit) => value > limit, "more than"],
	["exclusiveMaximum", (value, limit) => value < limit, "less than"],
];

function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

const join = (path, part) => (path ? `${path}.${part}` : String(part));

/** What does not fit: a list of {field, message}; `field` is a dotted path. `root` holds what $ref points to. */
export function check(value, schema, root, path = "") {
	const form = resolve(schema, root);
	if (form.anyOf || form.oneOf) return checkUnion(value, form, root, path);
	const wrong = (message) => [{ field: path, message }];
	if (form.enum && !form.enum.includes(value)) return wrong(`must be one of ${form.enum.join(", ")}`);
	if (form.type && !KINDS[form.type](value)) return wrong(`must be ${/^[aio]/.test(form.type) ? "an" : "a"} ${form.type}`);
	if (typeof value === "number") {
		for (const [name, fits, word] of LIMITS) {
			if (name in form && !fits(value, form[name])) return wrong(`must be ${word} ${form[name]}`);
		}
	}
	if (typeof value === "string") {
		const long = Array.from(value).length > form.maxLength;
		if (long) return wrong(`must have at most ${form.maxLength} characters`);
		return form.pattern && !new RegExp(form.pattern, "u").test(value) ? wrong(`must match ${form.pattern}`) : [];
	}
	if (Array.isArray(value)) {
		if (value.length > form.maxItems) return wrong(`must have at most ${form.maxItems} items`);
		return form.items ? value.flatMap((one, place) => check(one, form.items, root, join(path, place))) : [];
	}
	return isObject(value) ? checkObject(value, form, root, path) : [];
}

export function resolve(schema, root) {
	let form = schema;
	while (form.$ref) form = form.$ref.slice(2).split("/").reduce((part, name) => part[name], root);
	return form;
}

function checkUnion(value, form, root, path) {
	const { propertyName, mapping } = form.discriminator ?? {};
	if (propertyName && isObject(value)) {
		const kind = value[propertyName];
		if (!(kind in mapping)) return [{ field: join(path, propertyName), message: `must be one of ${Object.keys(mapping).join(", ")}` }];
		return check(value, { $ref: mapping[kind] }, root, path);
	}
	const found = (form.anyOf ?? form.oneOf).map((one) => check(value, one, root, path));
	if (found.some((errors) => !errors.length)) return [];
	return found.find((errors) => errors.some((error) => !error.message.startsWith("must be a"))) ?? found[0];
}

function checkObject(value, form, root, path) {
	const missing = (form.required ?? []).filter((name) => !(name in value));
	const errors = missing.map((name) => ({ field: join(path, name), message: "is needed" }));
	for (const [name, one] of Object.entries(value)) {
		const patterns = Object.entries(form.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern, "u").test(name));
		const schemas = form.properties?.[name] ? [form.properties[name]] : patterns.map(([, schema]) => schema);
		if (schemas.length) errors.push(...schemas.flatMap((schema) => check(one, schema, root, join(path, name))));
		else if (form.additionalProperties === false || form.patternProperties) errors.push({ field: join(path, name), message: "there is no such field" });
	}
	return errors;
}
