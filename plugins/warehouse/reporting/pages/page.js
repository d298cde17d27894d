// What the pages need of JavaScript: Airflow's switch between light and dark, ages that go on, and the report's height.
// Without it everything can be read.

const root = document.documentElement;
// Airflow shows the page in a frame; its own page says by a class which of the two it is.
const airflow = parent === window ? null : parent.document.documentElement;

function theme() {
  return airflow ? (airflow.classList.contains("dark") ? "dark" : "light") : "";
}

function frame() {
  return document.querySelector("iframe");
}

function follow() {
  if (!airflow) return;
  root.dataset.theme = theme();
  const report = frame()?.contentDocument?.documentElement;
  if (report) report.dataset.theme = theme();
}

follow();
if (airflow) new MutationObserver(follow).observe(airflow, { attributeFilter: ["class"] });

function age() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, length]) => seconds >= length) ?? [];
    const count = Math.floor(seconds / length);
    const nearly = seconds < -60 ? "still to come" : "less than a minute ago";
    time.textContent = unit ? `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"} ago` : nearly;
  }
}

setInterval(age, 30_000);

// The frame may not lead the window elsewhere; Airflow's own page may, so the link is followed there.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!airflow || !link) return;
  event.preventDefault();
  const twin = parent.document.createElement("a");
  twin.href = link.href;
  twin.click();
});

// As high as the report, so that there is one scrollbar and not two.
function fit(report) {
  const content = report.contentDocument.documentElement;
  const resize = () => (report.style.height = `${Math.ceil(content.getBoundingClientRect().height)}px`);
  new ResizeObserver(resize).observe(content);
  resize();
}

document.addEventListener("DOMContentLoaded", () => {
  const report = frame();
  if (!report) return;
  report.addEventListener("load", () => fit(report));
  report.src = `${report.dataset.report}?theme=${theme()}`;
});
