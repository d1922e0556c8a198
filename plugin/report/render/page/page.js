/*
 * The report page. Data stands in #data; every text goes in through textContent, never as markup. One
 * file: it is put into each page as it is, and a page asks nothing of anybody.
 */
'use strict';
(function () {
	const doc = JSON.parse(document.getElementById('data').textContent);
	const states = ['bypassing', 'dependent', 'migrating', 'excepted', 'visited', 'unknown', 'clean'];
	const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
	const rowHeight = 31; /* as in the style sheet, border included */
	const number = new Intl.NumberFormat('en-US');
	const main = document.querySelector('main');

	function make(tag, className, text) {
		const element = document.createElement(tag);

		if (className)
			element.className = className;
		if (text !== undefined)
			element.textContent = text;
		return element;
	}

	function instant(seconds) {
		return seconds ? new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') : '';
	}

	function span(minutes) {
		if (minutes >= 2880)
			return Math.floor(minutes / 1440) + ' d ' + Math.floor(minutes % 1440 / 60) + ' h';
		return minutes >= 60 ? Math.floor(minutes / 60) + ' h ' + minutes % 60 + ' min' : minutes + ' min';
	}

	function bytes(count) {
		const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
		let unit = 0;

		while (count >= 1024 && unit < 4) {
			count /= 1024;
			unit++;
		}
		return (unit ? count.toFixed(1) : count) + ' ' + units[unit];
	}

	const show = {
		text: String, state: String, number: number.format, instant: instant, span: span, bytes: bytes,
		share: function (n) { return (n % 100 ? (n / 100).toFixed(2) : n / 100) + ' %'; },
		day: function (day) { return new Date(day * 86400000).toISOString().slice(0, 10); },
	};

	/* ---- rows, from columns that say what changes (docs/FORMATS.md, "The page's tables") */

	function Reader(text) {
		this.text = text;
		this.at = 0;
	}

	Reader.prototype.number = function () {
		let number = 0, unit = 1, digit;

		do {
			digit = digits.indexOf(this.text[this.at++]);
			number += (digit & 31) * unit;
			unit *= 32;
		} while (digit > 31);
		return number;
	};

	Reader.prototype.take = function (length) {
		this.at += length;
		return this.text.slice(this.at - length, this.at);
	};

	function unpackWords(column, count) {
		const reader = new Reader(column.runs), values = [];

		while (values.length < count) {
			const word = column.words[reader.number()];

			for (let run = reader.number(); run > 0; run--)
				values.push(word);
		}
		return values;
	}

	function unpackTexts(column, count) {
		const reader = new Reader(column.texts), values = [];

		for (let last = ''; values.length < count; values.push(last)) {
			const common = last.slice(0, reader.number());

			last = common + reader.take(reader.number());
		}
		return values;
	}

	function unpackDeltas(column, count) {
		const reader = new Reader(column.deltas), values = [];
		let last = 0;

		while (values.length < count) {
			const step = reader.number();

			last += step % 2 ? -(step - 1) / 2 : step / 2;
			for (let run = step ? 1 : reader.number(); run > 0; run--)
				values.push(last);
		}
		return values;
	}

	function unpackColumn(column, count) {
		if (typeof column !== 'object')
			return new Array(count).fill(column);
		if (Array.isArray(column))
			return column;
		return column.words ? unpackWords(column, count)
			: column.texts !== undefined ? unpackTexts(column, count) : unpackDeltas(column, count);
	}

	function unpack(table) {
		const columns = table.packed.map(function (column) { return unpackColumn(column, table.count); });

		table.rows = [];
		for (let i = 0; i < table.count; i++)
			table.rows.push(columns.map(function (column) { return column[i]; }));
		delete table.packed;
	}

	doc.tables.forEach(unpack);

	/* ---- a table that holds as many rows in the page as can be seen */

	function Table(table) {
		const self = this;
		const used = table.columns.map(function (column, i) {
			return table.rows.some(function (row) { return column[2] === 'share' || (row[i] !== '' && row[i] !== 0); });
		});

		this.table = table;
		this.columns = table.columns.map(function (column, i) { return i; })
			.filter(function (i) { return used[i] || !table.rows.length; });
		this.order = table.rows.map(function (row, i) { return i; });
		this.sorted = -1;
		this.descending = false;
		this.words = '';
		this.state = '';
		this.all = false;
		this.card = make('section', 'card table');
		this.build();
		this.scroll.addEventListener('scroll', function () { self.draw(); }, {passive: true});
	}

	Table.prototype.build = function () {
		const self = this, bar = make('div', 'bar'), head = make('tr');

		bar.append(make('h2', '', this.table.title));
		this.count = make('span', 'count');
		bar.append(this.count);
		if (this.table.rows.length > 8) {
			const input = make('input');

			input.type = 'search';
			input.placeholder = 'filter';
			input.setAttribute('aria-label', 'filter ' + this.table.title);
			input.addEventListener('input', function () {
				self.words = input.value.toLowerCase();
				self.filter();
			});
			bar.append(input);
		}
		this.columns.forEach(function (i) {
			const column = self.table.columns[i], cell = make('th', self.classOf(i), column[1]);

			cell.tabIndex = 0;
			cell.addEventListener('click', function () { self.sort(i); });
			cell.addEventListener('keydown', function (event) {
				if (event.key === 'Enter' || event.key === ' ') {
					event.preventDefault();
					self.sort(i);
				}
			});
			head.append(cell);
		});
		this.head = head;
		this.body = make('tbody');
		this.scroll = make('div', 'scroll');
		const element = make('table'), thead = make('thead');

		thead.append(head);
		element.append(thead, this.body);
		this.scroll.append(element);
		this.card.append(bar, this.scroll);
		if (this.table.note)
			this.card.append(make('p', 'note', this.table.note));
		if (!this.table.rows.length)
			this.scroll.hidden = true;
	};

	Table.prototype.classOf = function (i) {
		const type = this.table.columns[i][2];

		return ((type !== 'text' && type !== 'state' && type !== 'instant' && type !== 'day') ? 'num' : '') +
			(this.table.columns[i][3] ? ' detail' : '');
	};

	Table.prototype.sort = function (column) {
		const rows = this.table.rows, type = this.table.columns[column][2];
		let compare;

		this.descending = this.sorted === column ? !this.descending : type === 'number' || type === 'instant';
		this.sorted = column;
		const sign = this.descending ? -1 : 1;

		if (type === 'state')
			compare = function (a, b) { return states.indexOf(a) - states.indexOf(b); };
		else if (type === 'text')
			compare = function (a, b) { return a < b ? -1 : a > b ? 1 : 0; };
		else
			compare = function (a, b) { return a - b; };
		this.order.sort(function (a, b) {
			return sign * compare(rows[a][column], rows[b][column]) || a - b;
		});
		Array.prototype.forEach.call(this.head.children, function (cell, i) {
			if (this.columns[i] === column)
				cell.setAttribute('aria-sort', this.descending ? 'descending' : 'ascending');
			else
				cell.removeAttribute('aria-sort');
		}, this);
		this.scroll.scrollTop = 0;
		this.draw(true);
	};

	Table.prototype.filter = function () {
		const self = this, words = this.words.split(/\s+/).filter(Boolean), rows = this.table.rows;
		const stateColumn = this.table.columns.findIndex(function (column) { return column[2] === 'state'; });
		const sorted = this.sorted;

		if (!this.haystacks)
			this.haystacks = rows.map(function (row) {
				return row.map(function (cell, i) {
					return show[self.table.columns[i][2]](cell);
				}).join('\n').toLowerCase();
			});
		this.order = [];
		for (let i = 0; i < rows.length; i++) {
			if (this.state && stateColumn >= 0 && rows[i][stateColumn] !== this.state)
				continue;
			if (words.every(function (word) { return self.haystacks[i].includes(word); }))
				this.order.push(i);
		}
		if (sorted >= 0) {
			this.descending = !this.descending;
			this.sort(sorted);
		} else {
			this.scroll.scrollTop = 0;
			this.draw(true);
		}
	};

	Table.prototype.row = function (index) {
		const row = this.table.rows[index], line = make('tr');

		this.columns.forEach(function (i) {
			const type = this.table.columns[i][2], text = show[type](row[i]);
			const cell = make('td', this.classOf(i));

			if (type === 'state' && states.includes(text)) {
				cell.append(make('span', 'pill s-' + text, text));
			} else {
				cell.textContent = text;
				if (text.length > 40)
					cell.title = text;
			}
			line.append(cell);
		}, this);
		return line;
	};

	function gapRow(height, columns) {
		const line = make('tr', 'gap'), cell = make('td');

		cell.colSpan = columns;
		cell.style.setProperty('--gap', height + 'px');
		line.append(cell);
		return line;
	}

	Table.prototype.draw = function (force) {
		const total = this.order.length, few = total <= 200 || this.all;
		const visible = Math.ceil((this.scroll.clientHeight || 600) / rowHeight);
		let first = few ? 0 : Math.max(0, Math.floor(this.scroll.scrollTop / rowHeight) - 20);

		first -= first % 10;
		const last = few ? total : Math.min(total, first + visible + 50);

		if (!force && first === this.first && last === this.last)
			return;
		this.first = first;
		this.last = last;
		const fragment = document.createDocumentFragment();

		if (first > 0)
			fragment.append(gapRow(first * rowHeight, this.columns.length));
		for (let i = first; i < last; i++)
			fragment.append(this.row(this.order[i]));
		if (last < total)
			fragment.append(gapRow((total - last) * rowHeight, this.columns.length));
		this.body.replaceChildren(fragment);
		this.count.textContent = number.format(total) +
			(total === this.table.rows.length ? '' : ' of ' + number.format(this.table.rows.length));
	};

	/* ---- charts */

	const space = 'http://www.w3.org/2000/svg';

	function draw(tag, attributes, text) {
		const element = document.createElementNS(space, tag);

		Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
		if (text !== undefined)
			element.textContent = text;
		return element;
	}

	function toneOf(series) {
		return 's-' + (series === 'let pass' ? 'pass' : series);
	}

	function niceTop(most) {
		const power = Math.pow(10, Math.floor(Math.log10(Math.max(1, most))));

		return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(function (step) { return step * power; })
			.find(function (top) { return top >= most; }) || most;
	}

	function dayText(chart, day) {
		return show.day(chart.first + day);
	}

	/* Values per series, stacked from the last series upwards if the chart wants it. */
	function layers(chart) {
		const tops = chart.series.map(function () { return []; });

		for (let day = 0; day < chart.values.length; day++) {
			let sum = 0;

			for (let s = chart.series.length - 1; s >= 0; s--) {
				sum = chart.stacked ? sum + chart.values[day][s] : chart.values[day][s];
				tops[s].push(sum);
			}
		}
		return tops;
	}

	function drawSvg(chart, card) {
		const width = 700, height = 240, left = 46, bottom = 22, top = 10, days = chart.values.length;
		const tops = layers(chart);
		const most = niceTop(Math.max.apply(null, tops.map(function (t) {
			return t.reduce(function (a, b) { return Math.max(a, b); }, 1);
		})));
		const x = function (day) {
			return left + (days < 2 ? 0.5 : day / (days - 1)) * (width - left - 8);
		};
		const y = function (value) { return height - bottom - value / most * (height - bottom - top); };
		const svg = draw('svg', {viewBox: '0 0 ' + width + ' ' + height, role: 'img',
			preserveAspectRatio: 'none', 'aria-label': chart.title});

		for (let i = 0; i <= 4; i++) {
			svg.append(draw('line', {class: 'grid', x1: left, x2: width - 8, y1: y(most * i / 4),
				y2: y(most * i / 4)}));
			svg.append(draw('text', {x: left - 6, y: y(most * i / 4) + 4, 'text-anchor': 'end'},
				number.format(most * i / 4)));
		}
		for (let i = 0; i < Math.min(5, days); i++) {
			const day = Math.round(i * (days - 1) / Math.max(1, Math.min(5, days) - 1));

			svg.append(draw('text', {x: x(day), y: height - 6,
				'text-anchor': i === 0 ? 'start' : i === 4 ? 'end' : 'middle'}, dayText(chart, day)));
		}
		chart.series.forEach(function (series, s) {
			const line = tops[s].map(function (value, day) {
				return (day ? 'L' : 'M') + x(day).toFixed(1) + ' ' + y(value).toFixed(1);
			}).join('');

			if (chart.stacked) {
				const base = s + 1 < tops.length ? tops[s + 1] : tops[s].map(function () { return 0; });
				const back = base.map(function (value, day) {
					return 'L' + x(day).toFixed(1) + ' ' + y(value).toFixed(1);
				}).reverse().join('');

				svg.append(draw('path', {class: 'area ' + toneOf(series), d: line + back + 'Z'}));
			} else {
				svg.append(draw('path', {class: 'line ' + toneOf(series), d: line}));
			}
		});
		const cursor = draw('line', {class: 'cursor', y1: top, y2: height - bottom, x1: -9, x2: -9});

		svg.append(cursor);
		svg.addEventListener('mousemove', function (event) {
			const box = svg.getBoundingClientRect();
			const at = ((event.clientX - box.left) / box.width * width - left) / (width - left - 8);
			const day = Math.max(0, Math.min(days - 1, Math.round(at * (days - 1)) || 0));

			cursor.setAttribute('x1', x(day));
			cursor.setAttribute('x2', x(day));
			card.legend(day);
		});
		svg.addEventListener('mouseleave', function () {
			cursor.setAttribute('x1', -9);
			cursor.setAttribute('x2', -9);
			card.legend(days - 1);
		});
		return svg;
	}

	function drawUplot(chart, place) {
		const tops = layers(chart), style = getComputedStyle(document.documentElement);
		const tone = function (series) {
			return style.getPropertyValue('--' + toneOf(series).slice(2)).trim();
		};
		const axis = {stroke: style.getPropertyValue('--soft').trim(),
			grid: {stroke: style.getPropertyValue('--line').trim(), width: 1},
			ticks: {stroke: style.getPropertyValue('--line').trim(), width: 1}};
		const xs = chart.values.map(function (row, day) { return (chart.first + day) * 86400; });
		const order = chart.series.map(function (series, s) { return s; });

		return new window.uPlot({
			width: place.clientWidth || 640,
			height: 240,
			tzDate: function (seconds) { return window.uPlot.tzDate(new Date(seconds * 1000), 'UTC'); },
			legend: {show: false},
			cursor: {drag: {x: true, y: false}},
			scales: {y: {range: function (u, low, high) { return [0, niceTop(high || 1)]; }}},
			axes: [Object.assign({space: 90, values: function (u, seconds) {
				return seconds.map(function (at) { return show.day(at / 86400); });
			}, incrs: [86400, 172800, 345600, 604800, 1209600, 2592000, 7776000, 31536000]}, axis),
				Object.assign({size: 56}, axis)],
			hooks: {setCursor: [function (u) {
				place.legend(u.cursor.idx === null || u.cursor.idx === undefined
					? chart.values.length - 1 : u.cursor.idx);
			}]},
			series: [{}].concat(order.map(function (s) {
				const colour = tone(chart.series[s]);

				return {label: chart.series[s], stroke: colour, width: chart.stacked ? 1 : 2,
					fill: chart.stacked ? colour : undefined, points: {show: chart.values.length < 2}};
			})),
		}, [xs].concat(order.map(function (s) { return tops[s]; })), place);
	}

	function addChart(chart, row) {
		const card = make('section', 'card'), legend = make('div', 'legend');
		const values = chart.series.map(function (series) {
			const entry = make('span', toneOf(series)), count = make('span');

			entry.append(make('i'), document.createTextNode(series + ' '), count);
			legend.append(entry);
			return count;
		});
		const day = make('span');

		legend.append(day);
		card.append(make('h2', '', chart.title));
		row.append(card);
		const place = make('div');

		place.legend = function (at) {
			values.forEach(function (element, s) {
				element.textContent = number.format(chart.values[at][s]);
			});
			day.textContent = dayText(chart, at);
		};
		card.append(place, legend);
		place.legend(chart.values.length - 1);
		return {chart: chart, place: place};
	}

	/* Once all cards are there, and so are their widths. */
	function fillChart(entry) {
		const chart = entry.chart, place = entry.place;

		if (window.uPlot) {
			let plot = drawUplot(chart, place);
			const again = function () {
				plot.destroy();
				plot = drawUplot(chart, place);
			};

			window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
			window.addEventListener('resize', function () {
				plot.setSize({width: place.clientWidth, height: 240});
			});
			window.addEventListener('beforeprint', function () {
				plot.setSize({width: Math.min(460, place.clientWidth), height: 170});
			});
			window.addEventListener('afterprint', again);
		} else {
			place.append(drawSvg(chart, place));
		}
	}

	/* ---- the page */

	const tables = doc.tables.map(function (table) { return new Table(table); });
	const facts = doc.facts.filter(function (fact) { return !states.includes(fact[0]) && fact[0] !== 'hosts'; });
	const counts = doc.facts.filter(function (fact) { return typeof fact[2] === 'number'; });

	main.append(make('h1', '', doc.title));
	const at = facts.find(function (fact) { return fact[0] === 'at'; });

	main.append(make('p', 'sub', at ? 'as of ' + at[2].replace('T', ' ').replace(':00Z', ' UTC') : ''));
	const tiles = make('div', 'tiles');

	counts.forEach(function (fact) {
		const isState = states.includes(fact[0]) && tables.length > 0 && doc.kind === 'hosts';
		const tile = make(isState ? 'button' : 'div', 'tile' + (states.includes(fact[0]) ? ' s-' + fact[0] : ''));

		tile.append(make('b', '', number.format(fact[2])), make('span', '', fact[1]));
		if (isState)
			tile.addEventListener('click', function () {
				const on = tile.classList.contains('on');

				tiles.querySelectorAll('.on').forEach(function (other) { other.classList.remove('on'); });
				if (!on)
					tile.classList.add('on');
				tables[0].state = on ? '' : fact[0];
				tables[0].filter();
			});
		tiles.append(tile);
	});
	if (counts.length)
		main.append(tiles);
	const card = make('section', 'card'), list = make('dl');

	facts.forEach(function (fact) {
		if (typeof fact[2] === 'number' || fact[2] === '' || fact[0] === 'at')
			return;
		list.append(make('dt', '', fact[1]));
		const value = make('dd');

		if (fact[0] === 'state' && states.includes(fact[2]))
			value.append(make('span', 'pill s-' + fact[2], fact[2]));
		else
			value.textContent = fact[2];
		list.append(value);
	});
	doc.notes.forEach(function (note, i) {
		list.append(make('dt', '', i ? '' : 'note'), make('dd', '', note));
	});
	card.append(list);
	if (list.children.length)
		main.append(card);
	const charts = doc.charts.filter(function (chart) { return chart.values.length > 1; });

	if (charts.length) {
		const row = make('div', 'charts');

		main.append(row);
		charts.map(function (chart) { return addChart(chart, row); }).forEach(fillChart);
	}
	tables.forEach(function (table) {
		if (!table.table.rows.length && !table.table.note)
			return;
		main.append(table.card);
		table.draw(true);
	});
	const footer = make('footer', '', 'made by curfew ' + doc.version + '; times are UTC');

	if (doc.footer.length) {
		const from = make('dl', 'from');

		doc.footer.forEach(function (line, i) {
			const again = i > 0 && doc.footer[i - 1][1] === line[1];

			from.append(make('dt', '', again ? '' : line[1]), make('dd', '', line[2]));
		});
		footer.append(from);
	}
	main.append(footer);
	window.addEventListener('beforeprint', function () {
		tables.forEach(function (table) { table.all = true; table.draw(true); });
	});
	window.addEventListener('afterprint', function () {
		tables.forEach(function (table) { table.all = false; table.draw(true); });
	});
	window.addEventListener('resize', function () {
		tables.forEach(function (table) { table.draw(true); });
	});
	document.documentElement.setAttribute('data-ready', 'yes');
}());
