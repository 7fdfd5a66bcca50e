// Has to be loaded before the terminal. The terminal writes its styles in two ways that the page's policy forbids to
// everybody: as <style> elements, and as `style` attributes. The first get the page's nonce when they are made, before they
// are in the page; the second are set through the object model, which the policy allows. So nothing `unsafe` is needed.

const nonce = document.getElementById("look").nonce;

const createElement = Document.prototype.createElement;
Document.prototype.createElement = function (name, ...more) {
  const element = createElement.call(this, name, ...more);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};
