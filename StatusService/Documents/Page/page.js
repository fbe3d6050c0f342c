/* All of the page is in its HTML. This writes times in the visitor's zone, lets arrow keys walk the days, and looks for news quietly. */
(() => {
  const main = document.querySelector('main[data-live]');
  if (!main) return;
  const stops = 'a,summary,.bars li';
  const served = {};
  const lost = document.getElementById('lost');
  const icon = document.querySelector('link[rel=icon]');
  let busy = false, seen = new Date(), told;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const today = () => new Date().toDateString();

  const localise = root => {
    if (zone === 'UTC' && root !== lost) return;
    let before;
    for (const time of root.querySelectorAll('time[datetime]')) {
      const date = new Date(time.dateTime), text = time.textContent;
      if (isNaN(date)) continue;
      const near = text.endsWith('UTC') && time.previousElementSibling === before?.time ? before.date.toDateString() : today();
      const dated = /\d{4}/.test(text) || date.toDateString() !== near;
      const day = dated ? { day: 'numeric', month: 'short', year: 'numeric' } : {};
      time.title = text;
      time.textContent = new Intl.DateTimeFormat('en-GB', {
        ...day, hour: '2-digit', minute: '2-digit',
        second: /:\d\d:/.test(text) ? '2-digit' : undefined,
        timeZoneName: text.endsWith('UTC') ? 'short' : undefined,
      }).format(date);
      before = { time, date };
    }
  };

  /* Today's times are shown without a date, so they are written anew when the day changes. */
  const print = html => today() + html;

  const replace = (section, html) => {
    served[section.id] = print(html);
    const open = [...section.querySelectorAll('details[open]')].map(d => d.closest('[id]').id);
    const held = section.contains(document.activeElement) && document.activeElement.closest('[id]');
    const at = held ? [...held.querySelectorAll(stops)].indexOf(document.activeElement) : -1;
    section.innerHTML = html;
    localise(section);
    for (const id of open) document.getElementById(id)?.querySelector('details')?.setAttribute('open', '');
    const stop = held && document.getElementById(held.id)?.querySelectorAll(stops)[at];
    if (stop) focus(stop);
  };

  const focus = stop => {
    if (stop.matches('.bars li')) {
      for (const day of stop.parentNode.children) day.removeAttribute('tabindex');
      stop.tabIndex = 0;
    }
    stop.focus({ preventScroll: true });
  };

  /* Leave selected text alone until the selection ends. */
  const selected = section => getSelection().type === 'Range' && getSelection().containsNode(section, true);

  const lose = () => {
    if (!lost.hidden && told === today()) return;
    told = today();
    const time = lost.querySelector('time'), at = seen.toISOString();
    time.dateTime = at;
    time.textContent = at.slice(11, 19) + ' UTC';
    localise(lost);
    lost.hidden = false;
  };

  const mute = () => {
    main.className = 'was';
    document.title = document.title.replace(/^(Last known: )?/, 'Last known: ');
    icon.href = lost.dataset.icon;
  };

  const take = page => {
    const next = page.querySelector('main');
    main.className = next.className;
    document.title = page.title;
    icon.href = page.querySelector('link[rel=icon]').href;
    let whole = true;
    for (const { id, innerHTML } of next.querySelectorAll(':scope > [id]:not(#lost)')) {
      const section = document.getElementById(id);
      if (served[id] === print(innerHTML)) continue;
      if (selected(section)) whole = false;
      else replace(section, innerHTML);
    }
    if (whole) {
      seen = new Date();
      lost.hidden = true;
    }
  };

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.pathname, { cache: 'no-cache', signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw answer.status;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (page.querySelector('style').textContent !== document.querySelector('style').textContent) return location.reload();
      take(page);
      if (new Date() - seen > 60000) lose();
    } catch {
      lose();
    }
    if (!lost.hidden) mute();
    busy = false;
  };

  for (const section of main.children) if (section !== lost) served[section.id] = print(section.innerHTML);
  localise(main);
  setInterval(refresh, 10000);
  document.addEventListener('visibilitychange', refresh);
  document.addEventListener('pointermove', () => main.classList.remove('quiet'));
  document.addEventListener('keydown', e => {
    main.classList.toggle('quiet', e.key === 'Escape');
    const day = e.target.closest('.bars li');
    if (!day || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const days = [...day.parentNode.children], at = days.indexOf(day);
    const to = { ArrowLeft: days[at - 1], ArrowRight: days[at + 1], Home: days[0], End: days.at(-1) }[e.key];
    if (to) { e.preventDefault(); focus(to); }
  });
})();
