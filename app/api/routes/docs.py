"""`/docs`: the description as a page. All its links are relative, so that it is right below any path of a proxy."""

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import JSONResponse

router = APIRouter(include_in_schema=False)

ASSETS = "static-offline-docs"  # where fastapi-offline keeps Swagger UI


@router.get("/openapi.json")
def description(request: Request) -> Response:
    return JSONResponse(request.app.openapi())  # in a thread: it takes as long as there are tasks


@router.get("/docs")
def docs() -> Response:
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Densely",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    )
