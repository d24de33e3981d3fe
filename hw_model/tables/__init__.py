"""Any cost model tabulated over a space."""
