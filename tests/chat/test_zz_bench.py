import asyncio,time,resource
from tests.chat.test_workers import *
async def test_bench(database, model, start, enter):
    service = start()
    people = [await enter(service) for _ in range(30)]
    model.say(Script([f"w{n} " for n in range(100)], pause=0.02))
    w=service.workers()[0]
    c0=sum(w.cpu_times()[:2]); t=time.monotonic()
    await asyncio.gather(*(p.say("Hello.") for p in people))
    dt=time.monotonic()-t; c1=sum(w.cpu_times()[:2])
    print("time",dt,"worker cpu",c1-c0, "chunks", 3000)
    con = await database.connect(owner=True)
    print(await con.fetchrow("SELECT count(*), count(DISTINCT at) FROM turn_deltas"))
    m=(await people[0].client.get("/metrics")).text
    print("\n".join(l for l in m.splitlines() if "chunk" in l and not l.startswith("#")))
