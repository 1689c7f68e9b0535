import asyncio, time, os
from uuid import uuid4
import pytest
from tests.camera.conftest import *  # noqa
from tests.camera.pictures import jpeg

@pytest.fixture(scope="module")
def service(module_database, serve_for_module):
    return serve_for_module(module_database, web_concurrency=2)

async def test_bench(sitter, service):
    pic = jpeg(400, 300, quality=88)
    print("size", len(pic))
    cookie = "; ".join(f"{n}={v}" for n, v in sitter.client.cookies.items())
    async def client(n, path, method="PUT"):
        r, w = await asyncio.open_connection("127.0.0.1", service.port)
        lat=[]
        for _ in range(n):
            t=time.perf_counter()
            url = f"{sitter.path}/captures/{uuid4()}"
            w.write(f"PUT {url} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(pic)}\r\n\r\n".encode()+pic)
            head = await r.readuntil(b"\r\n\r\n")
            assert b" 201 " in head, head
            length = int([l for l in head.decode().lower().split("\r\n") if l.startswith("content-length")][0].split(":")[1])
            await r.readexactly(length)
            lat.append(time.perf_counter()-t)
        w.close()
        return lat
    await client(20, "")
    t=time.perf_counter()
    N=100
    lats = await asyncio.gather(*(client(N, "") for _ in range(16)))
    el=time.perf_counter()-t
    flat=sorted(x for l in lats for x in l)
    print("rate", 16*N/el, "p50", flat[len(flat)//2], "p99", flat[int(len(flat)*.99)])
