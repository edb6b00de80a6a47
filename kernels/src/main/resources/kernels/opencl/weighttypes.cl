// Types of weights as numbers, for the preprocessor: TYPE is that of W.
#define IS_F32 1
#define IS_F16 2
#define IS_BF16 3
#define IS_Q8_0 4
#define IS_Q4_0 5
#define IS_Q4_1 6
#define IS_Q5_0 7
#define IS_Q5_1 8
#define IS_Q4_K 9
#define IS_Q5_K 10
#define IS_Q6_K 11
#define TYPE CAT(IS_, W)
