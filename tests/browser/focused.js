// The element that has the focus, and whether one sees that.
() => {
	const element = document.activeElement;
	if (!element || element === document.body) return null;
	const style = getComputedStyle(element);
	const box = element.getBoundingClientRect();
	return {
		what: element.outerHTML.slice(0, 100),
		ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
		seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
	};
};
