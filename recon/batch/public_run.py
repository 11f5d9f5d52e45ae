"""``recon.batch.run`` as programs call it: errors name arguments, where the command line's name flags."""

from recon.argument_names import names_of_arguments
from recon.batch import run_many
from recon.errors import ReconError

run = names_of_arguments(ReconError)(run_many.run)
