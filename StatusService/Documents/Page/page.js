/* All of the page is in its HTML. This writes times in the visitor's zone, opens what a day holds, and looks for news quietly. */
(() => {
  const main = document.querySelector('main'), live = 'live' in main.dataset;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const stops = 'a:not(.go),button,summary,.bars>li';
  const written = new WeakMap(), served = {};
  const lost = document.getElementById('lost'), icon = document.querySelector('link[rel=icon]');
  const today = () => new Date().toDateString();
  /* Today's times are shown without a date, so they are written anew when the day changes. */
  const print = html => today() + html;
  const kept = () => { try { return localStorage.zone; } catch { return ''; } };
  let local = zone !== 'UTC' && kept() !== 'UTC';

  /* A local time carries its date unless that is today's: the days around it are UTC's. */
  const write = root => {
    let before;
    for (const time of root.querySelectorAll('time[datetime]')) {
      const date = new Date(time.dateTime), text = written.get(time) ?? time.textContent;
      if (isNaN(date) || !/\d:\d/.test(text)) continue;
      written.set(time, text);
      time.title = local ? text : '';
      if (!local) {
        time.textContent = text;
        continue;
      }
      const second = time.previousElementSibling === before?.time && text.endsWith('UTC');
      const near = second ? before.date.toDateString() : time.closest('.log') ? '' : today();
      const named = second ? before.named : /^[A-Z]/.test(text);
      const day = /\d{4}/.test(text) || date.toDateString() !== near ? { day: 'numeric', month: 'short', year: 'numeric' } : {};
      time.textContent = new Intl.DateTimeFormat('en-GB', {
        ...day, weekday: day.day && named ? 'short' : undefined, hour: '2-digit', minute: '2-digit',
        second: /:\d\d:/.test(text) ? '2-digit' : undefined,
        timeZoneName: text.endsWith('UTC') ? 'short' : undefined,
      }).format(date).replace(/^(\w+),/, '$1');
      before = { time, date, named };
    }
    for (const range of root.querySelectorAll('.both')) {
      range.querySelector('i')?.remove();
      if (!local) continue;
      const utc = document.createElement('i'), times = [...range.querySelectorAll('time')];
      const same = times.every(time => time.textContent.includes(written.get(time).split(', ')[0].replace(/ UTC|\d\d:\d\d/g, '')));
      utc.textContent = ` (${times.map(time => same ? written.get(time).split(', ').at(-1) : written.get(time)).join(' – ')})`;
      range.append(utc);
    }
  };

  const label = () => {
    const line = document.getElementById('zone');
    if (!line || zone === 'UTC') return;
    const names = [new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts().find(part => part.type === 'timeZoneName').value, 'UTC'];
    if (!local) names.reverse();
    line.hidden = false;
    line.firstChild.data = `Times in ${names[0]} · `;
    line.lastChild.textContent = 'Show ' + names[1];
  };

  document.addEventListener('click', e => {
    if (e.target.closest('#zone button')) {
      local = !local;
      try { localStorage.zone = local ? '' : 'UTC'; } catch {}
      write(main);
      label();
    }
    const day = e.target.closest('.bars>li');
    if (day && !e.target.closest('a')) focus(day);
  });
  for (const section of main.children) served[section.id] = print(section.innerHTML);
  write(main);
  label();
  if (!live) return;

  let busy = false, seen = Date.now(), failures = 0, until = 0, told, shown;

  const replace = (section, html) => {
    served[section.id] = print(html);
    const open = [...section.querySelectorAll('details[open]')].map(d => d.closest('[id]').id);
    const active = section.contains(document.activeElement) && (document.activeElement.closest('.bars>li') ?? document.activeElement);
    const held = active && active.closest('[id]');
    const at = held ? [...held.querySelectorAll(stops)].indexOf(active) : -1;
    section.innerHTML = html;
    write(section);
    label();
    for (const id of open) document.getElementById(id)?.querySelector('details')?.setAttribute('open', '');
    const stop = held && document.getElementById(held.id)?.querySelectorAll(stops)[at];
    if (stop) focus(stop);
  };

  const focus = stop => {
    if (stop.matches('.bars>li')) {
      for (const day of stop.parentNode.children) day.removeAttribute('tabindex');
      stop.tabIndex = 0;
    }
    stop.focus({ preventScroll: true });
  };

  /* What a day holds gains its links while it is shown, so that no other day has any to tab through. */
  const leave = () => {
    for (const link of document.querySelectorAll('.go')) link.remove();
    shown?.parentNode.classList.remove('below');
    shown = undefined;
  };
  const enter = day => {
    if (day === shown) return;
    leave();
    shown = day;
    const list = day.parentNode, box = day.firstElementChild;
    const date = new Date(Date.parse(list.dataset.from) + [...list.children].indexOf(day) * 864e5).toISOString().slice(0, 10);
    const link = (href, text) => {
      const a = document.createElement('a');
      a.className = 'go';
      a.href = href;
      a.textContent = text;
      a.dir = 'auto';
      box.append(a);
    };
    const windows = main.querySelectorAll('[id^=mw_]');
    for (const at of day.dataset.w?.split(' ') ?? []) link('#' + windows[at].id, windows[at].querySelector('h3').textContent);
    for (const id of day.dataset.i?.split(' ') ?? []) link(`${location.pathname}/incidents/${id}`, document.querySelector(`#${id} h3`)?.textContent ?? 'Incident');
    link(`${location.pathname}/history?month=${date.slice(0, 7)}#d${date.slice(8)}`, 'Open day');
    if (box.getBoundingClientRect().top < 0) list.classList.add('below');
  };
  const point = e => {
    const day = e.target.closest?.('.bars>li') ?? document.activeElement.closest('.bars>li');
    if (day) enter(day);
    else leave();
  };

  /* Leave selected text alone until the selection ends. */
  const selected = section => getSelection().type === 'Range' && getSelection().containsNode(section, true);

  const tick = () => {
    const line = main.querySelector('.live'), seconds = Math.max(0, Math.round((Date.now() - seen) / 1000));
    if (!line || main.className) return;
    line.classList.toggle('on', seconds < 30);
    line.textContent = (seconds < 30 ? 'Live · updated ' : 'Updated ') + (seconds < 3 ? 'just now' : seconds < 60 ? seconds + ' s ago' : Math.floor(seconds / 60) + ' min ago');
  };

  const lose = () => {
    lost.querySelector('b').hidden = navigator.onLine;
    if (!lost.hidden && told === today()) return;
    told = today();
    const time = lost.querySelector('time'), at = new Date(seen).toISOString();
    time.dateTime = at;
    time.textContent = at.slice(11, 19) + ' UTC';
    if (new Date(seen).toDateString() !== told) time.textContent = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(seen) + ', ' + time.textContent;
    written.delete(time);
    write(lost);
    lost.hidden = false;
    if (!main.className) mute();
  };

  /* As the server writes a page that has lost its source: grey, and of the past. */
  const mute = () => {
    const hero = main.querySelector('.hero'), past = { is: 'was', are: 'were', has: 'had', have: 'had' };
    main.className = 'was';
    document.title = 'Last known: ' + document.title;
    icon.href = lost.dataset.icon;
    served.answer = '';
    hero.querySelector('.live').remove();
    hero.querySelector('h1').prepend('Last known: ');
    hero.querySelector('svg').innerHTML = decodeURIComponent(lost.dataset.icon).match(/<\/style>(.*)<\/svg>/)[1];
    const words = document.createTreeWalker(hero, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const word = words.currentNode;
      if (!word.parentNode.closest('bdi')) word.data = word.data.replace(/\b(is|are|has|have)\b/g, verb => past[verb]);
    }
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
      seen = Date.now();
      lost.hidden = true;
    } else if (Date.now() - seen > 60000) lose();
  };

  const refresh = async () => {
    if (busy || document.hidden || Date.now() < until) return;
    busy = true;
    try {
      const response = await fetch(location.pathname, { cache: 'no-cache', signal: AbortSignal.timeout(8000) });
      const wait = response.status === 429 && +response.headers.get('Retry-After');
      if (wait) until = Date.now() + wait * 1000;
      else if (!response.ok) throw response.status;
      else {
        failures = 0;
        const page = new DOMParser().parseFromString(await response.text(), 'text/html');
        if (page.querySelector('style').textContent !== document.querySelector('style').textContent) return location.reload();
        take(page);
      }
    } catch {
      if (++failures >= 3 || Date.now() - seen >= 30000) lose();
    }
    tick();
    busy = false;
  };

  setInterval(refresh, 10000);
  const ticking = () => { tick(); setTimeout(ticking, 5000); };
  ticking();
  document.addEventListener('visibilitychange', refresh);
  addEventListener('online', refresh);
  document.addEventListener('pointerover', point);
  document.addEventListener('focusin', point);
  document.addEventListener('focusout', () => setTimeout(() => point({ target: document.querySelector('.bars>li:hover') ?? document.activeElement })));
  document.addEventListener('pointermove', () => main.removeAttribute('data-quiet'));
  document.addEventListener('keydown', e => {
    main.toggleAttribute('data-quiet', e.key === 'Escape');
    const day = e.target.closest('.bars>li');
    if (!day || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const days = [...day.parentNode.children], at = days.indexOf(day);
    const to = { ArrowLeft: days[at - 1], ArrowRight: days[at + 1], Home: days[0], End: days.at(-1) }[e.key];
    if (to) { e.preventDefault(); focus(to); }
  });
})();
