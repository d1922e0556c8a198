/*
 * The report page in headless Chromium: ten thousand hosts, one of them named by an attacker. No
 * request may leave, nothing may be said on the console, no script of the host's may run, sorting must
 * be immediate, and it must print.
 *
 * usage: node page.mjs CURFEW PLAYWRIGHT_FOLDER [PICTURES_FOLDER]
 * Exit 77 (skipped) without Chromium or playwright-core.
 */
import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const [curfew, modules, pictures] = process.argv.slice(2);
const hosts = 10000;
const evil = [
	'</script><script>window.pwned=1</script>', '<img src=x onerror="window.pwned=2">',
	'"><svg onload=window.pwned=3>', '=cmd|\' /C calc\'!A0', '\u202egnp.exe\u001b[31m', 'javascript:window.pwned=4',
];
const chromium = process.env.CURFEW_CHROMIUM ||
	['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
let playwright;

function skip(why) {
	console.log('skipped: ' + why);
	process.exit(77);
}

function check(holds, promise) {
	console.log((holds ? 'ok      ' : 'FAILED  ') + promise);
	if (!holds)
		process.exitCode = 1;
}

if (!chromium)
	skip('no Chromium');
try {
	playwright = createRequire(join(modules || '.', 'x.js'))('playwright-core');
} catch (error) {
	skip('no playwright-core: ' + error.code);
}

/* Lines as the writers make them: plain ASCII, one object each. */
function ascii(value) {
	return JSON.stringify(value).replace(/[\u007f-\uffff]/g, function (c) {
		return '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0');
	});
}

function makeLog(path) {
	const lines = [];

	for (let i = 0; i < hosts; i++) {
		const ip = '10.' + (i >> 16) + '.' + (i >> 8 & 255) + '.' + (i & 255);
		const mac = '00:1b:21:' + [i >> 16, i >> 8 & 255, i & 255]
			.map(function (b) { return b.toString(16).padStart(2, '0'); }).join(':');
		const day = String(1 + i % 28).padStart(2, '0'), at = '2026-02-' + day + 'T12:00:00.000000Z';
		const head = function (type) {
			return {v: 1, timestamp: at, id: '01KAB' + String(i).padStart(20, '0') + type[0].toUpperCase(),
				sensor: 'edge-01', source: type === 'dns' ? 'resolver' : 'monitor', event_type: type};
		};

		lines.push(ascii(Object.assign(head('identity'), {src_ip: ip, src_mac: mac,
			identity: {kind: 'dhcp', name: i < evil.length ? evil[i] : 'pc-' + i}, last: at})));
		if (i % 3 === 0)
			lines.push(ascii(Object.assign(head('dns'), {action: 'block', src_ip: ip, dest_port: 53,
				proto: 'UDP', dns: {qname: 'x.kaspersky.com', qtype: 'A', rcode: 'NXDOMAIN',
					answer: 'nxdomain'},
				match: {via: 'qname', value: i < evil.length ? evil[i] : 'x.kaspersky.com',
					rule: 'kaspersky.com', rule_type: 'subtree', list: 'kaspersky',
					category: 'updates', product: 'KES', confidence: 'documented'},
				policy: {name: 'us', phase: 'end', cutoff: '2024-09-29T04:00:00Z'}, count: 1 + i % 50})));
	}
	writeFileSync(path, lines.join('\n') + '\n');
}

const folder = mkdtempSync(join(tmpdir(), 'curfew-page-'));

process.on('exit', function () { rmSync(folder, {recursive: true, force: true}); });
const ledger = join(folder, 'ledger.db'), file = join(folder, 'report.html');

makeLog(join(folder, 'hits.jsonl'));
execFileSync(curfew, ['ledger', 'ingest', '-q', '-l', ledger, join(folder, 'hits.jsonl')]);
execFileSync(curfew, ['report', '-l', ledger, '--html', '-o', file]);
execFileSync(curfew, ['report', 'host', evil[0], '-l', ledger, '--html', '-o', join(folder, 'host.html')]);

const browser = await playwright.chromium.launch({executablePath: chromium, args: ['--no-sandbox']});
const page = await browser.newPage({viewport: {width: 1400, height: 1000}});
const requests = [], said = [];

page.on('request', function (request) { requests.push(request.url()); });
page.on('console', function (message) { said.push(message.text()); });
page.on('pageerror', function (error) { said.push(String(error)); });
await page.goto('file://' + file);
await page.waitForSelector('html[data-ready=yes]');
await page.waitForTimeout(200);

check(requests.every(function (url) { return url.startsWith('file://' + folder) || url.startsWith('data:'); }),
	'no request leaves: ' + requests.length + ' for the page itself');
check(await page.evaluate(function () { return window.pwned === undefined; }), 'no script of a host runs');
await page.fill('input[type=search]', 'pwned=1');
check((await page.textContent('tbody')).includes('</script><script>window.pwned=1</script>'),
	'the name of such a host is shown as it is');
await page.fill('input[type=search]', '');
check(!(await page.content()).includes('\u202e'), 'characters that turn text around are not in the page');
const rows = await page.evaluate(function () { return document.querySelectorAll('tbody tr').length; });

check(rows < 300, 'only rows that can be seen are in the page: ' + rows);
const times = await page.evaluate(async function () {
	const taken = [];

	for (const cell of [...document.querySelectorAll('th')]) {
		const began = performance.now();

		cell.click();
		await new Promise(function (done) { requestAnimationFrame(function () { setTimeout(done, 0); }); });
		taken.push(performance.now() - began);
	}
	return taken;
});

console.log('        sorting took ' + Math.round(Math.max(...times)) + ' ms at most over ' + times.length + ' columns');
const order = await page.evaluate(async function () {
	const head = [...document.querySelectorAll('th')].find(function (th) { return th.textContent === 'hits'; });

	while (head.getAttribute('aria-sort') !== 'descending')
		head.click();
	const at = [...head.parentNode.children].indexOf(head);

	return [...document.querySelectorAll('tbody tr:not(.gap)')].slice(0, 40)
		.map(function (tr) { return Number(tr.children[at].textContent); });
});

check(order.length === 40 && order[0] === 50 && order.every(function (n, i) { return i === 0 || n <= order[i - 1]; }),
	'sorting by hits sorts');
await page.fill('input[type=search]', 'pc-9999');
check((await page.evaluate(function () { return document.querySelectorAll('tbody tr').length; })) === 1,
	'the filter finds one host of ten thousand');
await page.fill('input[type=search]', '');
await page.evaluate(function () { document.querySelector('.scroll').scrollTop = 200000; });
await page.waitForTimeout(100);
check((await page.evaluate(function () {
	const box = document.querySelector('.scroll').getBoundingClientRect();
	const rows = [...document.querySelectorAll('tbody tr:not(.gap)')];

	return rows.some(function (row) {
		const at = row.getBoundingClientRect();

		return at.top > box.top && at.bottom < box.bottom;
	});
})), 'rows are there after a jump');
await page.evaluate(function () { document.querySelector('.scroll').scrollTop = 0; });
if (pictures) {
	await page.screenshot({path: join(pictures, 'light.png')});
	await page.emulateMedia({colorScheme: 'dark'});
	await page.waitForTimeout(200);
	await page.screenshot({path: join(pictures, 'dark.png')});
	await page.emulateMedia({colorScheme: 'light'});
}
await page.fill('input[type=search]', 'pc-1');
const pdf = await page.pdf(pictures ? {path: join(pictures, 'print.pdf'), preferCSSPageSize: true} : {});

check(pdf.length > 50000, 'it prints: ' + pdf.length + ' bytes of PDF');
await page.goto('file://' + join(folder, 'host.html'));
await page.waitForSelector('html[data-ready=yes]');
check((await page.textContent('h1')).includes('</script>') &&
	await page.evaluate(function () { return window.pwned === undefined; }), 'the story of such a host is safe too');
if (pictures)
	await page.screenshot({path: join(pictures, 'host.png'), fullPage: true});
check(said.length === 0, 'nothing is said on the console ' + said.slice(0, 3).join(' | '));
await browser.close();
