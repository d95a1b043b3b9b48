// Texts whose contrast with what is behind them is below 4.5 to 1, as WCAG 2 (AA) counts it.
(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const behind = (at) => {
    for (; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const words = (at) => [...at.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.body.querySelectorAll("*")]
    .filter((at) => words(at) && at.getClientRects().length)
    .filter((at) => contrast(parse(getComputedStyle(at).color), behind(at)) < 4.5)
    .map((at) => at.className + ": " + at.textContent.slice(0, 40));
})()
