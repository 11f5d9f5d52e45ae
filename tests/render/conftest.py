import pytest

from recon.errors import ViewerError


@pytest.fixture(scope="session")
def renderer_works() -> None:
    """Tests that render skip where nothing can."""
    from recon_viewer.probe import check_rendering

    try:
        check_rendering()
    except ViewerError as error:
        pytest.skip(str(error))
