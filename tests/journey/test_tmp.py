import pytest
from tests.ground.house import House
pytestmark = pytest.mark.asyncio(loop_scope="module")
async def test_x(house: House) -> None:
    study = await house.study(slug="a1")
    p = await house.come(study)
    await p.arrive()
    with house.statements() as sent:
        await p.refresh()
    print(p.session); print(len(sent))
    qs = await p.questions()
    with house.statements() as sent:
        r = await p.save(qs[0]["id"], 1)
    print(r.text, r.headers, len(sent))
    s = await house.staff("researcher", study)
    print((await s.get("/api/admin/sessions")).text)
