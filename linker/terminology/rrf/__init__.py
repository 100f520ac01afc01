"""The Rich Release Format, in which the NLM releases the UMLS and RxNorm."""
