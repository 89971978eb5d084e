"""The settings of the quantiser, and what fits it."""

from dataclasses import dataclass

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from .quantiser import Quantiser, QuantiserKind, fit_codebooks

_ITEMS_PER_CODE = 8


@dataclass
class QuantiserSettings:
    """Settings of the codes of a vector; to be mixed into a method."""

    quantiser: QuantiserKind = parameter(
        QuantiserKind.RQ_VAE,
        "semantic: rq_vae: codebooks within a trained autoencoder; k_means: of the vectors",
        search=Choices(tuple(QuantiserKind)),
    )
    levels: int = parameter(3, "semantic: codes of an item", minimum=1)
    codes: int = parameter(
        256, "semantic: most codes at a level", minimum=2, search=Choices((16, 64, 256))
    )
    latent: int = parameter(32, "rq_vae: width of the codebooks", minimum=1)
    quantiser_hidden: int = parameter(
        512, "rq_vae: first inner width of the encoder; the next ones: a half, a quarter", minimum=4
    )
    commitment: float = parameter(
        0.25, "rq_vae: weight of the pull towards the codebooks (beta)", minimum=0
    )
    quantiser_batch_size: int = parameter(256, "rq_vae: items in a batch", minimum=2)
    quantiser_steps: int = parameter(600, "rq_vae: steps of Adam", minimum=1)
    quantiser_learning_rate: float = parameter(
        1e-3, "rq_vae: step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )

    def fit_quantiser(
        self, vectors: FloatArray, seed: int, threads: int | None = None
    ) -> Quantiser:
        """Return the quantiser of float32 (items, d), the vectors of the training items alone."""
        codes = min(self.codes, max(2, len(vectors) // _ITEMS_PER_CODE))
        if self.quantiser is QuantiserKind.K_MEANS:
            return fit_codebooks(vectors, self.levels, codes, seed)
        from .rq_vae import RqVaeSettings, fit_rq_vae

        settings = RqVaeSettings(
            self.levels,
            codes,
            self.latent,
            self.quantiser_hidden,
            self.commitment,
            self.quantiser_batch_size,
            self.quantiser_steps,
            self.quantiser_learning_rate,
        )
        return fit_rq_vae(vectors, settings, seed, threads)
