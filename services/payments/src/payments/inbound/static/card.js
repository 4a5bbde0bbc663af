// Groups digits as they are typed, and sends the form once. The page works without it.
const digits = (text) => text.replace(/\D/g, "");

const grouped = (number) => {
  const sizes = /^3[47]/.test(number) ? [4, 6, 5] : [4, 4, 4, 4, 3];
  const groups = [];
  for (let rest = number, i = 0; rest && i < sizes.length; rest = rest.slice(sizes[i]), i += 1) {
    groups.push(rest.slice(0, sizes[i]));
  }
  return groups.join(" ");
};

const number = document.getElementById("number");
const expiry = document.getElementById("expiry");
const showNumber = () => { number.value = grouped(digits(number.value).slice(0, 19)); };
number.addEventListener("input", showNumber);
showNumber();
expiry.addEventListener("input", (event) => {
  const typed = digits(expiry.value).slice(0, 4);
  const deleting = event.inputType === "deleteContentBackward";
  expiry.value = typed.length > 2 || (typed.length === 2 && !deleting) ? `${typed.slice(0, 2)}/${typed.slice(2)}` : typed;
});
document.querySelector("form").addEventListener("submit", () => {
  document.querySelector("button").disabled = true;
});
const wrong = document.querySelector("[aria-invalid]");
if (wrong) wrong.focus();
window.addEventListener("pageshow", () => { document.querySelector("button").disabled = false; });
