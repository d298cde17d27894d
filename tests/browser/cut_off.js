// The visible texts of a page that stand out of the window, or of a box that hides what is beyond its edge.
// What lies in a box that scrolls can be reached, and what is made for screen readers only is not to be seen.
(body) => {
  const style = (element) => getComputedStyle(element);
  const around = (element, holds) => {
    for (let box = element.parentElement; box && box !== body; box = box.parentElement) if (holds(box)) return box;
    return null;
  };
  const found = [];
  for (const element of body.querySelectorAll("*")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!hasText || !element.checkVisibility({ checkVisibilityCSS: true })) continue;
    if (around(element, (box) => /auto|scroll/.test(style(box).overflowX))) continue;
    const range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    const hides = (box) => /hidden|clip/.test(style(box).overflowX);
    const hider = hides(element) ? element : around(element, hides);
    const edge = hider ? hider.getBoundingClientRect() : { left: 0, right: document.documentElement.clientWidth, width: 9 };
    if (text.width <= 1 || edge.width <= 1) continue;
    if (text.right > edge.right + 1 || text.left < edge.left - 1) found.push(element.textContent.trim().slice(0, 80));
  }
  return found;
};
