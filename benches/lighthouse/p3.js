import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';
const origin='http://127.0.0.1:3199';
const signedIn = await fetch(`${origin}/api/sign_in`, {method:'POST',redirect:'manual',headers:{'content-type':'application/x-www-form-urlencoded',origin},body:new URLSearchParams({email:'alice@example.test',password:'practice-alice'})});
const Cookie = signedIn.headers.getSetCookie().map((e)=>e.split(';')[0]).join('; ');
const chrome = await launch({chromePath:'/usr/bin/chromium',chromeFlags:['--headless=new','--no-sandbox','--disable-gpu'],logLevel:'error'});
for (const page of process.argv.slice(2)) {
 const {lhr}=await lighthouse(origin+page,{port:chrome.port,logLevel:'error',onlyCategories:['performance'],extraHeaders:{Cookie}});
 console.log(page, lhr.categories.performance.score, ['first-contentful-paint','largest-contentful-paint','total-blocking-time','speed-index','cumulative-layout-shift'].map(k=>k+' '+lhr.audits[k].displayValue).join(', '));
 for (const r of lhr.audits['network-requests'].details.items) console.log('  ',r.url.slice(21,80),r.transferSize,r.resourceSize,r.priority,Math.round(r.networkRequestTime),Math.round(r.networkEndTime), r.resourceType);
 for (const k of ['render-blocking-insight','render-blocking-resources','lcp-breakdown-insight','mainthread-work-breakdown','bootup-time','dom-size-insight','network-dependency-tree-insight']) if(lhr.audits[k]) console.log('  ',k,lhr.audits[k].displayValue, JSON.stringify(lhr.audits[k].details?.items??[]).slice(0,900));
}
await chrome.kill();
