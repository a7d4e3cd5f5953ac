"""The functions that CloudFront runs at its edges, before it asks the bucket or the API."""

import json

from infra import pages
from infra.package import edge_proof

# AWS: "Quotas on CloudFront Functions".
LONGEST_BYTES = 10_240


def paths() -> str:
    """Return the edge's function for addresses of pages: it names their files, and answers for all others."""
    by_segment = {segment: page.name for page in pages.deployed() for segment in page.segments}
    found = json.dumps(by_segment, separators=(",", ":"))
    missing = json.dumps(pages.text_page(*pages.MISSING))
    refusal = json.dumps(pages.MISSING_JSON)
    headers = json.dumps({name.lower(): {"value": value} for name, value in pages.asset_headers().items()})
    return (
        f"var PAGES={found},MISSING={missing},REFUSAL={refusal},HEADERS={headers};\n"
        "function handler(event){\n"
        "var request=event.request,first=request.uri.split('/')[1];\n"
        "if(Object.prototype.hasOwnProperty.call(PAGES,first)){request.uri='/'+PAGES[first]+'.html';return request;}\n"
        "var accept=request.headers.accept?request.headers.accept.value:'';\n"
        "var html=accept.toLowerCase().indexOf('text/html')>=0,headers={};\n"
        "for(var name in HEADERS)headers[name]=HEADERS[name];\n"
        "headers['content-type']={value:html?'text/html; charset=utf-8':'application/json'};\n"
        "REFUSAL.request_id=event.context.requestId;headers['x-request-id']={value:REFUSAL.request_id};\n"
        "headers['cache-control']={value:'no-store'};headers.vary={value:'Accept'};\n"
        "return{statusCode:404,statusDescription:'Not Found',headers:headers,"
        "body:{encoding:'text',data:html?MISSING:JSON.stringify({error:REFUSAL})}};\n"
        "}\n"
    )


def viewer() -> str:
    """Return the edge's function for the API: it names the caller's address, and overwrites what a caller says."""
    return (
        "function handler(event){"
        f"event.request.headers['{edge_proof.ADDRESS_HEADER}']={{value:event.viewer.ip}};"
        "return event.request;}\n"
    )
