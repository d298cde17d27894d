// What the pages need JavaScript for: Airflow's theme, ages that stay current, and the height of the report.
// All content is readable without it.

const root = document.documentElement;
// Airflow shows the page in an iframe; a class on Airflow's own page says which theme is active.
const airflow = parent === window ? null : parent.document.documentElement;

function theme() {
  return airflow ? (airflow.classList.contains("dark") ? "dark" : "light") : "";
}

function reportFrame() {
  return document.querySelector("iframe");
}

function applyTheme() {
  if (!airflow) return;
  root.dataset.theme = theme();
  const report = reportFrame()?.contentDocument?.documentElement;
  if (report) report.dataset.theme = theme();
}

applyTheme();
if (airflow) new MutationObserver(applyTheme).observe(airflow, { attributeFilter: ["class"] });

// The same texts as view_models.age.
function updateAges() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, length]) => seconds >= length) ?? [];
    const count = Math.floor(seconds / length);
    const withoutUnit = seconds < -60 ? "in the future" : "less than a minute ago";
    time.textContent = unit ? `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"} ago` : withoutUnit;
  }
}

setInterval(updateAges, 30_000);

// The iframe is not allowed to navigate the window, so Airflow's own page follows the link.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!airflow || !link) return;
  event.preventDefault();
  const copy = parent.document.createElement("a");
  copy.href = link.href;
  copy.click();
});

// The iframe is as high as the report, so that there is only one scrollbar.
function fitHeight(report) {
  const content = report.contentDocument.documentElement;
  const resize = () => (report.style.height = `${Math.ceil(content.getBoundingClientRect().height)}px`);
  new ResizeObserver(resize).observe(content);
  resize();
}

document.addEventListener("DOMContentLoaded", () => {
  const report = reportFrame();
  if (!report) return;
  report.addEventListener("load", () => fitHeight(report));
  report.src = `${report.dataset.report}?theme=${theme()}`;
});
